"""The table of exit codes in docs/commands.md: the same code for the same fault, whichever command meets it."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runferry.cli.main import run
from support.processes import RUNFERRY, Server, python, started, until

TRAIN = """
import runferry
with runferry.init(project="p", id="ok") as run:
    for step in range(200):
        run.log({"step": step, "text": "x" * 40})
"""
COMMANDS = (("inspect",), ("inspect", "--json"), ("sync", "--dry-run"), ("sync",), ("sync", "--json"), ("verify",))


@pytest.fixture
def log(work: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A good log; the server is the one that commands take."""
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    python(TRAIN, work)
    (found,) = (work / "wandb").glob("offline-run-*/run-ok.wandb")
    return found.read_bytes()


def put(work: Path, name: str, log: bytes) -> Path:
    folder = work / f"offline-run-20260101_000000-{name}"
    (files,) = (work / "wandb").glob("offline-run-*/files")
    shutil.copytree(files, folder / "files")
    (folder / f"run-{name}.wandb").write_bytes(log)
    return folder


def codes(path: Path | str) -> set[int]:
    return {run([*command, str(path)]) for command in COMMANDS}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: b"<!doctype html>",
        lambda log: gzip.compress(log),
        lambda log: b"version https://git-lfs.github.com/spec/v1\n",
    ],
    ids=["web page", "gzip", "git-lfs"],
)
def test_what_is_no_run_is_wrong_use(work: Path, log: bytes, spoil: Callable[[bytes], bytes]) -> None:
    assert codes(put(work, "bad", spoil(log))) == {2}


def test_what_is_not_there_or_empty_or_something_else_is_wrong_use(work: Path, log: bytes) -> None:
    (work / "note.txt").write_text("no log")
    (work / "empty").mkdir()
    for path in (work / "nothing", work / "note.txt", work / "empty", work / ("x" * 5000), "~nobody-here/x"):
        assert codes(path) == {2}, path


def test_a_run_that_was_damaged_is_good_and_its_damage_said(
    work: Path, log: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    spoiled = bytearray(log)
    spoiled[len(log) // 2] ^= 255
    folder = put(work, "damaged", bytes(spoiled))
    assert codes(folder) == {0}
    said = "".join(capsys.readouterr())
    assert "1 gap, " in said
    assert "lost; the rest can be read" in said
    assert "Damaged: 1 gap" in said


def test_a_log_without_its_end_is_good(work: Path, log: bytes) -> None:
    folder = put(work, "torn", log[:-30])
    for one in folder.rglob("*"):
        os.utime(one, (1e9, 1e9))  # not live any more
    assert codes(folder) == {0}


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b":W&B\xd9\xb4\x00", bytes(range(256)) * 20])
def test_a_log_without_a_run_is_read_but_not_delivered(
    work: Path, log: bytes, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(work, "hollow", content)
    assert run(["inspect", str(folder)]) == 0
    assert "hollow" in capsys.readouterr().out
    assert run(["inspect", "--json", str(folder)]) == 0
    for command in (["sync", str(folder)], ["verify", str(folder)]):
        assert run(command) == 1
    assert "Traceback" not in "".join(capsys.readouterr())


def test_what_is_no_run_beside_one_that_is(work: Path, log: bytes) -> None:
    good, bad = put(work, "good", log), work / "nothing"
    assert run(["sync", str(good), str(bad)]) == 2  # all that can be is done, and something named was no run
    assert run(["sync", str(put(work, "hollow", b"")), str(bad)]) == 1


def test_the_same_code_through_the_runferry_that_runs(work: Path, log: bytes, server: Server, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    said = tmp_path / "watch.txt"
    with started(*RUNFERRY, "watch", watched, cwd=watched, log=said, **server.environ):
        until(lambda: "Watching" in said.read_text("utf-8", "replace"), "it watches")
        assert codes(work / "nothing") == {2}
        assert run(["verify", "unknown-id"]) == 2
        assert run(["restore", "unknown-id"]) == 2
        assert run(["stop", "unknown-id", "--yes"]) == 2
        assert run(["open", "unknown-id", "--print"]) == 2
