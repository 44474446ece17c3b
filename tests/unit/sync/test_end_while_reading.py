"""A training that ends between our last look at its log and our look at its process did not crash."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.formats.detect import RunFolder, identify
from runferry.formats.liveness import run_state
from runferry.remote.runs import Created
from runferry.status import RunState, SyncState
from runferry.sync import run_sync
from runferry.sync.destination import Destination
from runferry.sync.means import Means
from runferry.sync.run_sync import RunSync
from runferry.sync.verification import Comparison


class Taker:
    """Stands where the server is: takes everything and remembers what was said last."""

    url = ""
    run = Created("", "", "", "", 0)
    rows_sent = position = artifacts_sent = files_waiting = 0
    is_unfinished = stop_requested = False
    metric = ""

    def __init__(self, *_: Any) -> None:
        self.acknowledged = {"history": 0}
        self.files: dict[str, Any] = {}
        self.closed: list[int] = []

    def send(self, part: Any) -> None:
        self.acknowledged["history"] += len(part.history)

    def accept_cut(self) -> None: ...
    def obstacle(self) -> None:
        return None

    def compare(self) -> Comparison:
        return Comparison([])

    def deliver_rest(self, is_over: bool, exit_code: int | None = None) -> None:
        if exit_code is not None:
            self.closed.append(exit_code)

    def verified(self, counts: Any, is_over: bool) -> None: ...
    def record(self, *told: Any) -> None: ...


class Nowhere:
    """A connection that nobody uses."""

    server = type("Server", (), {"url": "", "identity": ""})()
    is_paused = False

    def __getattr__(self, name: str) -> Any:
        return lambda *_: ()


def test_a_run_that_ends_while_it_is_read_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True})
    runferry.log({"loss": 1.0})
    log = next((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    folder = identify(log.parent)
    assert isinstance(folder, RunFolder)
    looks = 0

    def judged(*about: Any) -> RunState:
        """At the first look the training has just written its last row and ended."""
        nonlocal looks
        looks += 1
        if looks == 1:
            runferry.log({"loss": 0.5})
            run.finish()
            return RunState.CRASHED
        return run_state(*about)

    monkeypatch.setattr(run_sync, "run_state", judged)
    monkeypatch.setattr(run_sync, "meet", lambda *_: None)
    made: list[Taker] = []

    def taker(*about: Any) -> Taker:
        made.append(Taker(*about))
        return made[-1]

    monkeypatch.setattr(run_sync, "Outlet", taker)
    with ThreadPoolExecutor(1) as senders:
        means = Means(Nowhere(), SystemClock(), threading.Semaphore(1), senders, 0.5, 1 << 20, 300, 0.25)  # type: ignore[arg-type]
        sync = RunSync(folder, Destination("", "", ""), Nowhere(), means, None, lambda run: None)  # type: ignore[arg-type]
        assert sync.advance() is None
    status = sync.status()
    assert (status.state, status.run_state) == (SyncState.VERIFIED, RunState.FINISHED)
    assert (status.rows, status.rows_acknowledged) == (2, 2)
    assert [taker.closed for taker in made] == [[0]]
