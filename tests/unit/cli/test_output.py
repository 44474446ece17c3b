"""The one place that prints."""

from __future__ import annotations

import ast
import io
import json
import sys
import threading
from pathlib import Path

import pytest

from runferry.cli import output

APP = Path(output.__file__).resolve().parent.parent
MAY_PRINT = {"cli/output.py", "cli/demo_training.py"}  # the second is a training script, as anybody's
MAY_NAME_STREAMS = {
    "cli/output.py",
    "cli/progress.py",  # asks whether a bar can be drawn, and hands the terminal to rich in a wrapper
    "leaving.py",  # says what is stuck when the process ends without it
    "remote/pac_script.py",  # a child process that answers its parent in JSON
}


@pytest.fixture(autouse=True)
def clean_state(capsys: pytest.CaptureFixture[str]) -> object:
    output.set_up()
    yield
    output.finish(0)


def test_nothing_prints_but_this_place() -> None:
    """What is printed elsewhere could act on a terminal, or end a command by a character."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        name = path.relative_to(APP).as_posix()
        if name.startswith("recorder/"):  # speaks in the training's process
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            prints = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input")
            )
            streams = (
                isinstance(node, ast.Attribute)
                and node.attr in ("stdout", "stderr")
                and isinstance(node.value, ast.Name)
                and node.value.id == "sys"
            )
            if (prints and name not in MAY_PRINT) or (streams and name not in MAY_NAME_STREAMS):
                found.append(f"{name}:{node.lineno}")
    assert found == []


def test_each_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell("a\nb\x1b[31m", 5)
    output.say("c\rd")
    assert capsys.readouterr() == ("a\\nb\\x1b[31m\n5\n", "c\\rd\n")


def test_quiet_keeps_what_went_wrong_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.set_up(quiet=True)
    output.tell("a result")
    output.say("a note")
    output.warn("trouble")
    output.tell_json({"a": 1})
    assert capsys.readouterr() == ('{"a": 1}\n', "trouble\n")


def test_json_is_strict_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell_json({"n": float("nan"), "i": [float("-inf")], "s": "n\udcff", "é": "\x7f\x9b🎉", "\udcfe": None})
    text = capsys.readouterr().out
    assert text.isascii()
    assert "\x7f" not in text
    assert json.loads(text) == {"n": "NaN", "i": ["-Infinity"], "s": "n\\xff", "é": "\x7f\x9b🎉", "\\xfe": None}


def test_signs_of_ours_have_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    output.set_up()
    output.tell("✓ … → — ☃")
    assert raw.getvalue() == b"+ ... -> -- \\u2603\n"


def test_an_exception_that_nobody_caught_says_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=lambda: int("\x1b[31m\nforged"), name="evil")
    thread.start()
    thread.join()
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "ValueError" in said
    assert not any(line.startswith("forged") for line in said.splitlines())


def test_hooks_are_given_back() -> None:
    before = (sys.excepthook, threading.excepthook)
    output.finish(0)
    after = (sys.excepthook, threading.excepthook)
    assert before != after
    output.set_up()


def test_a_terminal_for_libraries_never_raises() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

        def flush(self) -> None:
            raise OSError(5, "Input/output error")

        def isatty(self) -> bool:
            return True

    terminal = output.Forgiving(Gone())
    assert terminal.write("abc") == 3
    terminal.flush()
    assert terminal.isatty()
