"""A file that the server does not have is sent again, once per round, and again when somebody asks."""

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
from runferry.formats.detect import RunFolder, identify
from runferry.remote.runs import Created
from runferry.status import SyncState
from runferry.sync import run_sync
from runferry.sync.destination import Destination
from runferry.sync.means import Means
from runferry.sync.run_sync import RunSync
from runferry.sync.verification import Comparison


class Taker:
    """A server that loses a file as often as it is told to."""

    url, run = "", Created("", "", "", "", 0)
    rows_sent = artifacts_sent = files_waiting = 0
    metric = ""
    position = 100
    is_unfinished = False
    healing = SimpleNamespace(is_needed=False, is_counted_at_once=False, begin=lambda: False)  # nothing to heal

    def __init__(self, loses: int) -> None:
        self.acknowledged, self.files = {"history": 0}, {}  # type: ignore[var-annotated]
        self.loses = loses
        self.said: list[str] = []
        self._due, self._has = True, False

    def deliver_rest(self, is_over: bool, exit_code: int | None = None) -> None:
        if self._due:
            self.said.append("sent")
            self.loses -= 1
            self._due, self._has = False, self.loses < 0

    def compare(self) -> Comparison:
        self.said.append("compared")
        return Comparison([] if self._has else ["file a"], [] if self._has else ["a"])

    def send_again(self, files: Sequence[str], lacks: bool) -> bool:
        assert files == ["a"]
        self._due = True
        return True

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Nowhere:
    """A connection that nobody uses."""

    server = type("Server", (), {"url": "", "identity": ""})()

    def __getattr__(self, name: str) -> Any:
        return lambda *_: ()


ROUND = ["compared", "compared", "sent", "compared", "compared"]


@pytest.mark.parametrize(
    ("loses", "said", "state"),
    [
        (0, ["sent", "compared"], SyncState.VERIFIED),
        (1, ["sent", *ROUND[:4]], SyncState.VERIFIED),
        (2, ["sent", *ROUND], SyncState.PROBLEM),
    ],
)
def test_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loses: int, said: list[str], state: SyncState
) -> None:
    runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True}).finish()
    folder = identify(next((tmp_path / "wandb").glob("offline-run-*")))
    assert isinstance(folder, RunFolder)
    monkeypatch.setattr(run_sync, "meet", lambda *_: None)
    taker = Taker(loses)
    monkeypatch.setattr(run_sync, "Outlet", lambda *_: taker)
    with ThreadPoolExecutor(1) as senders:
        means = Means(Nowhere(), SystemClock(), threading.Semaphore(1), senders, 0.5, 1 << 20, 300, 0.25)  # type: ignore[arg-type]
        sync = RunSync(folder, Destination("", "", ""), Nowhere(), means, None, lambda run: None)  # type: ignore[arg-type]
        while sync.advance() is not None:
            pass
        assert (taker.said, sync.status().state) == (said, state)
        if state is SyncState.PROBLEM:  # somebody tries again: that is a round of its own
            while sync.advance() is not None:
                pass
            assert taker.said == [*said, *ROUND[:4]]
            assert sync.status().state is SyncState.VERIFIED
