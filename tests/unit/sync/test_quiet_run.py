"""A silent run that cannot be called verified is compared once, and not again at each interval."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.errors import AppError, PermanentError
from runferry.formats.detect import RunFolder, identify
from runferry.remote.runs import Created
from runferry.status import RunState, SyncState
from runferry.sync import checking, run_sync
from runferry.sync.destination import Destination
from runferry.sync.means import Means
from runferry.sync.run_sync import RunSync
from runferry.sync.verification import Comparison

GONE = PermanentError("file-gone", "A file is gone", "model.pt.", "Bring it back.")


class Taker:
    """Stands where the server is, with an obstacle or a difference that stays, and counts what it is asked."""

    url, run = "", Created("", "", "", "", 0)
    rows_sent = artifacts_sent = files_waiting = 0
    metric = ""
    position = 100
    is_unfinished = stop_requested = False
    healing = SimpleNamespace(is_needed=False, is_counted_at_once=False, begin=lambda: False)  # nothing to heal
    blocked: AppError | None = None
    wrong: Sequence[str] = ()

    def __init__(self, *_: Any) -> None:
        self.acknowledged = {"history": 0}
        self.files: dict[str, Any] = {}
        self.deliveries = 0

    def deliver_rest(self, is_over: bool, exit_code: int | None = None) -> None:
        self.deliveries += 1

    def obstacle(self) -> AppError | None:
        return self.blocked

    def compare(self) -> Comparison:
        return Comparison(list(self.wrong))

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Nowhere:
    """A connection that nobody uses."""

    server = type("Server", (), {"url": "", "identity": ""})()
    is_paused = False

    def __getattr__(self, name: str) -> Any:
        return lambda *_: ()


@pytest.mark.parametrize("silent", [RunState.QUIET, RunState.UNKNOWN])
@pytest.mark.parametrize(
    ("blocked", "wrong", "state", "slug"),
    [(GONE, [], SyncState.SENT, "file-gone"), (None, ["2 rows"], SyncState.PROBLEM, "not-as-sent")],
)
def test_it_is_compared_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    blocked: AppError | None,
    wrong: list[str],
    state: SyncState,
    slug: str,
    silent: RunState,
) -> None:
    runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True}).finish()
    folder = identify(next((tmp_path / "wandb").glob("offline-run-*")))
    assert isinstance(folder, RunFolder)
    monkeypatch.setattr(run_sync, "run_state", lambda *_: silent)
    monkeypatch.setattr(run_sync, "meet", lambda *_: None)
    monkeypatch.setattr(checking, "RECHECKS", ())
    monkeypatch.setattr(Taker, "blocked", blocked)
    monkeypatch.setattr(Taker, "wrong", wrong)
    taker = Taker()
    monkeypatch.setattr(run_sync, "Outlet", lambda *_: taker)
    with ThreadPoolExecutor(1) as senders:
        means = Means(Nowhere(), SystemClock(), threading.Semaphore(1), senders, 0.5, 1 << 20, 300, 0.25)  # type: ignore[arg-type]
        sync = RunSync(folder, Destination("", "", ""), Nowhere(), means, None, lambda run: None)  # type: ignore[arg-type]
        for _ in range(3):
            sync.advance()
            status = sync.status()
            assert status.state is state
            assert status.error is not None
            assert status.error["slug"] == slug
        assert taker.deliveries == 1
        sync.ask_again()
        sync.advance()
    assert taker.deliveries == 2


def test_a_problem_that_lasts_does_not_flicker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try would take it off the list of problems for a moment; a person who asks sees that something is done."""
    runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True}).finish()
    folder = identify(next((tmp_path / "wandb").glob("offline-run-*")))
    assert isinstance(folder, RunFolder)
    full = PermanentError("disk-full", "The disk is full", "state.db.", "Make room.")
    ways: list[AppError | None] = [full, full, None]

    def meet(*_: Any) -> None:
        if error := ways.pop(0):
            raise error

    monkeypatch.setattr(run_sync, "meet", meet)
    monkeypatch.setattr(run_sync, "run_state", lambda *_: RunState.QUIET)
    monkeypatch.setattr(run_sync, "Outlet", lambda *_: Taker())
    seen: list[SyncState] = []
    with ThreadPoolExecutor(1) as senders:
        means = Means(Nowhere(), SystemClock(), threading.Semaphore(1), senders, 0.5, 1 << 20, 300, 0.25)  # type: ignore[arg-type]
        sync = RunSync(folder, Destination("", "", ""), Nowhere(), means, None, lambda run: seen.append(run._state))  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(PermanentError) as raised:
                sync.advance()
            sync.failed(raised.value)
        first = seen.index(SyncState.PROBLEM)
        assert set(seen[:first]) == {SyncState.SYNCING}
        assert set(seen[first:]) == {SyncState.PROBLEM}
        sync.ask_again()
        assert sync.status().state is SyncState.WAITING
        sync.advance()
        assert seen[-2:] == [SyncState.SYNCING, SyncState.VERIFIED]
