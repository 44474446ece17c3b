"""Console recording: complete, invisible, gone afterwards."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import recorder_process
from recorder_log import only_log

WRAP = {"console": "wrap"}


def test_both_streams_are_recorded_with_their_kind_and_time(start: Any, log: Any) -> None:
    run = start(settings=WRAP)
    print("to stdout", 5)
    print("to stderr ☃", file=sys.stderr)
    sys.stdout.writelines(["a\n", "b\n"])
    run.finish()
    print("after")
    chunks = log().all("output_raw")
    assert "".join(one.line for one in chunks if one.output_type == 1) == "to stdout 5\na\nb\n"
    assert "".join(one.line for one in chunks if one.output_type == 0) == "to stderr ☃\n"
    assert all(abs(one.timestamp.seconds + one.timestamp.nanos / 1e9 - run.start_time) < 60 for one in chunks)
    assert (Path(run.dir) / "output.log").read_text() == "to stdout 5\nto stderr ☃\na\nb\n"


def test_streams_stay_what_they_are(start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open(tmp_path / "out.txt", "w+", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        run = start(settings=WRAP)
        assert sys.stdout is stream
        assert sys.stdout.fileno() == stream.fileno()
        assert sys.stdout.encoding == "utf-8"
        assert not sys.stdout.isatty()
        assert sys.stdout.write("four") == 4
        sys.stdout.buffer.flush()
        run.finish()
        assert "write" not in vars(stream)
        stream.flush()
        assert (tmp_path / "out.txt").read_text() == "four"


def test_a_wrapper_put_on_top_survives(start: Any, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrapper(io.TextIOBase):
        def __init__(self, below: Any) -> None:
            self.below = below

        def write(self, text: str) -> int:
            return int(self.below.write(text.upper()))

    inner = io.StringIO()
    monkeypatch.setattr(sys, "stdout", inner)
    run = start(settings=WRAP)
    wrapper = Wrapper(inner)
    monkeypatch.setattr(sys, "stdout", wrapper)
    print("loud")
    run.finish()
    assert sys.stdout is wrapper
    print("still")
    assert inner.getvalue() == "LOUD\nSTILL\n"
    assert log().console == "LOUD\n"


def test_a_method_put_on_top_survives(start: Any, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    run = start(settings=WRAP)
    ours = stream.write
    stream.write = lambda text: ours(text.upper())  # type: ignore[method-assign]
    print("x")
    run.finish()
    print("y")
    assert stream.getvalue() == "X\nY\n"
    assert log().console == "X\n"


def test_a_stream_that_fails_fails_as_before(start: Any, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    run = start(settings=WRAP)
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        print("x")
    run.log({"a": 1})
    run.finish()
    assert log().metrics() == [{"a": 1}]


def test_recording_that_fails_does_not_break_print(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    run = start(settings=WRAP)

    def broken(*arguments: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(run._recording, "console", broken)
    print("x")
    print("y")
    assert stream.getvalue() == "x\ny\n"


@pytest.mark.parametrize("stream", [None, object()])
def test_streams_that_are_none_or_nothing(start: Any, log: Any, monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    if stream is not None:
        stream = type(
            "Fixed", (), {"__slots__": (), "write": lambda self, text: len(text), "flush": lambda self: None}
        )()
    monkeypatch.setattr(sys, "stdout", stream)
    run = start(settings=WRAP)
    print("x")
    run.finish()
    assert log().exit_code == 0


@pytest.mark.parametrize("variable", ["WANDB_CONSOLE", "RUNFERRY_CONSOLE"])
def test_off(tmp_path: Path, variable: str) -> None:
    done = recorder_process.run(tmp_path, "import runferry\nrunferry.init()\nprint('x')", **{variable: "off"})
    assert done.stdout == "x\n"
    assert only_log(tmp_path).all("output_raw") == []
    assert not list(tmp_path.glob("wandb/*/files/output.log"))


def test_two_runs_one_after_the_other(start: Any, place: Path) -> None:
    start(id="one", settings=WRAP)
    print("first")
    start(id="two", settings=WRAP)
    print("second")
    import runferry

    runferry.finish()
    from recorder_log import Log

    texts = {name: Log(next(place.glob(f"wandb/*-{name}/*.wandb"))).console for name in ("one", "two")}
    assert texts == {"one": "first\n", "two": "second\n"}


def test_a_new_tap_in_a_process_with_a_terminal(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("pseudo-terminals are POSIX")
    import pty

    parent, child = pty.openpty()
    code = "import sys, runferry\nrun = runferry.init()\nprint(sys.stdout.isatty(), sys.stdout.fileno())"
    import subprocess

    path = recorder_process.script(tmp_path, code)
    subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env=recorder_process.environment(),
        stdout=child,
        check=True,
        timeout=60,
    )
    os.close(child)
    assert os.read(parent, 1000) == b"True 1\r\n"
    os.close(parent)
    assert only_log(tmp_path).console == "True 1\n"
