"""Foreign text reaches a terminal, a log and the window without doing anything there.

A run's name, id, project, tags, metrics and files may hold escape sequences, carriage returns, line breaks that forge a
line of results, marks that turn the reading direction, and bytes that are no text. Every command prints them here, and
not one such character may come out.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry import logs
from runferry.cli.main import run
from runferry.errors import PermanentError
from runferry.inert import inert
from runferry.paths import find_home
from support.processes import RUNFERRY, end, python, runferry, started, until

EVIL = "\x1b]0;owned\x07\x1b[2Kx\r\n✓ verified  prod (prod)  10,000 of 10,000 rows\x9b31m\u202e\u2028[/bold]<b>&amp;"
TRAIN = f"""
import pathlib, runferry
name = {EVIL!r}
pathlib.Path("data").mkdir()
pathlib.Path("data/a\\x1b[31m\\nb.txt").write_text("saved")
with runferry.init(project="p", id="evil", name=name, tags=[name[:40]], config={{name: name}}) as run:
    run.log({{name: 1, "text": name}})
    run.summary[name] = name
    run.save("data/*", base_path="data")
    print(name)
"""
ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def faults(text: str) -> set[str]:
    """What acts in a text, and lines in it that we have not said."""
    forged = {line for line in text.splitlines() if line.startswith("✓ verified  prod")}
    return {ascii(found) for found in ACTIVE.findall(text)} | forged


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder whose name is as bad, with such a run in it."""
    folder = tmp_path / "tree\x1b[31m\n✓ verified  prod\u202e"
    folder.mkdir()
    python(TRAIN, folder)
    return folder


@pytest.fixture
def run_folder(tree: Path) -> Path:
    (found,) = (tree / "wandb").glob("offline-run-*-evil")
    return found


def test_no_command_lets_it_act(tree: Path, run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands: list[tuple[str | Path, ...]] = [
        ("inspect", run_folder),
        ("inspect", "--json", run_folder),
        ("sync", "--server", "local", "--dry-run", tree),
        ("sync", "--server", "local", "--dry-run", "--json", tree),
        ("sync", "--server", "local", tree),
        ("sync", "--server", "local", "--json", tree),
        ("status",),
        ("status", "--json"),
        ("verify", run_folder),
        ("verify", "--json", "evil"),
        ("verify", "nobody\x1b[31m"),
        ("clean", "--dry-run", "--min-age", "0", tree),
        ("clean", "--dry-run", "--min-age", "0", "--json", tree),
        ("restore", "evil"),
        ("stop", "evil", "--yes"),
        ("watch", "--once", "--server", "local", tree),
        ("init", tree, "--project", "a\x1b[31m"),
        ("off", tree),
        ("on", tree),
        ("inspect", tree / "no\x1bthing"),
        ("sync", tree / "-\x1b[31m", "--no\x1b[31m"),
        ("doctor", "https://\x1b[31m.invalid", "--read-only"),
        ("proxy", "--server", "https://\x1b[31m.invalid"),
        ("certificates", "add", tree / "no\x1bthing"),
    ]
    for command in commands:
        with contextlib.suppress(SystemExit):
            run([str(one) for one in command])
        said = "".join(capsys.readouterr())
        assert faults(said) == set(), command
        assert "Traceback" not in said, command
        assert "inside Runferry" not in said, command


def test_the_exact_name_is_in_json(run_folder: Path) -> None:
    assert runferry("inspect", "--json", run_folder).object["name"] == EVIL


def test_watch_tells_of_it_harmlessly(tree: Path, tmp_path: Path) -> None:
    log = tmp_path / "watch.txt"
    with started(*RUNFERRY, "watch", "--server", "local", tree, cwd=tmp_path, log=log) as watching:
        until(lambda: "verified" in log.read_text("utf-8", "replace"), "the run is told of")
        end(watching)
    assert faults(log.read_text("utf-8", "replace")) == set()


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Path]:
    made = logs.setup(find_home({"RUNFERRY_HOME": str(tmp_path / "home")}))
    assert made.file is not None
    yield made.file
    made.close()


def test_a_record_of_a_log_is_one_line(writing: Path) -> None:
    log = logging.getLogger("runferry.x")
    forged = "\n2026-11-28 00:00:00,000 INFO    MainThread runferry.x: all is well\x1b[31m\udcff"
    log.warning("found %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        log.exception("failed at %s", forged, stack_info=True)
    log.warning("%s", os.fsdecode(b"n\xff"), extra={"below": f"stack\n{forged}"})
    text = writing.read_text()
    assert faults(text) == set()
    records = [line for line in text.splitlines() if not line.startswith("  | ")]
    assert len(records) == 3
    assert "ValueError" in text
    assert records[2].endswith("n\\xff")
    assert "  | stack\n" in text


def test_what_is_json_can_be_read_by_everybody(tmp_path: Path) -> None:
    """Lone surrogates are valid in Python's JSON alone."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xff"))
    folder.mkdir()
    python(TRAIN, folder)
    for command in (("sync", "--json", "--server", "local"), ("inspect", "--json"), ("clean", "--json", "--dry-run")):
        (evil,) = (folder / "wandb").glob("offline-run-*-evil")
        done = runferry(*command, folder if command[0] == "clean" else evil)
        assert done.code == 0, done.err
        assert done.out.isascii()
        told = json.dumps(json.loads(done.out.splitlines()[0]), ensure_ascii=False)
        told.encode()  # no surrogate is left
        assert "n\\\\xff" in told


def test_an_error_is_three_lines_whatever_it_holds() -> None:
    error = PermanentError("x", EVIL, EVIL, EVIL)
    assert [faults(inert(line)) for line in error.lines()] == [set()] * 3
