"""A run's folder goes away in the middle of a turn: whatever that turn comes to, the run is at rest with a problem."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from runferry.clock import SystemClock
from runferry.errors import AppError, TemporaryError
from runferry.formats.detect import RunFolder, RunKind
from runferry.remote.failures import ServerTrouble
from runferry.status import SyncState
from runferry.sync.destination import Destination
from runferry.sync.means import Means
from runferry.sync.run_sync import RunSync


class Nowhere:
    """A connection and a ledger that nobody uses."""

    server = type("Server", (), {"url": "", "identity": ""})()
    longest_wait = 1.0

    def wait(self) -> float:
        return 0.0

    def __getattr__(self, name: str) -> Any:
        return lambda *_: ()


def run_sync(tmp_path: Path) -> RunSync:
    log = tmp_path / "run-a.wandb"
    folder = RunFolder(tmp_path, log, "a", RunKind.OFFLINE, None, tmp_path)
    means = Means(Nowhere(), SystemClock(), threading.Semaphore(1), None, 0.5, 1 << 20, 300, 0.25)  # type: ignore[arg-type]
    return RunSync(folder, Destination("", "", ""), Nowhere(), means, None, lambda run: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("run-unreadable", "It cannot be read", "No.", "Wait."),
        ServerTrouble("refused", "Down", "It is down.", "Wait."),
        AppError("bug", "A bug", "A bug.", "Report it."),
    ],
)
def test_a_turn_in_hand_cannot_wake_a_run_that_is_gone(tmp_path: Path, error: AppError) -> None:
    run = run_sync(tmp_path)
    run.gone()
    run.failed(error)
    status = run.status()
    assert run.at_rest
    assert status.state is SyncState.PROBLEM
    assert status.error is not None
    assert status.error["slug"] == "folder-gone"


def test_a_turn_that_begins_as_the_folder_goes_ends_at_rest(tmp_path: Path) -> None:
    run = run_sync(tmp_path)
    run.gone()
    with pytest.raises(TemporaryError):
        run.advance()
    assert run.at_rest
    assert run.status().state is SyncState.PROBLEM
