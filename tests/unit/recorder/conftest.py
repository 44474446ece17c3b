"""Runs of the recorder in this process: each test works in a folder of its own, and no run outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import runferry
from recorder_log import Log, only_folder, only_log
from runferry.recorder.run import Run


class Start(Protocol):
    """Begins a run in the test's folder."""

    def __call__(self, **arguments: Any) -> Run: ...


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """`runferry.init` without a console of its own; what is still open is finished at the end."""
    runs: list[Run] = []

    def begin(**arguments: Any) -> Run:
        settings = {"silent": True, "console": "off", **arguments.pop("settings", {})}
        run = runferry.init(settings=settings, **arguments)
        runs.append(run)
        return run

    yield begin
    for run in runs:
        run.finish()


@pytest.fixture
def log(place: Path) -> Any:
    """Reads the only log."""
    return lambda: only_log(place)


@pytest.fixture
def folder(place: Path) -> Any:
    """The only run folder."""
    return lambda: only_folder(place)


def finished(run: Run) -> Log:
    """Finish, and read the log."""
    run.finish()
    (path,) = Path(run.sync_dir).glob("*.wandb")
    return Log(path)
