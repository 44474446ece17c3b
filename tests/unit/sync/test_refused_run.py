"""A live run that its server refuses is not tried again at every row that its training logs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from runferry.clock import SystemClock
from runferry.errors import PermanentError, TemporaryError
from runferry.formats.detect import RunFolder, RunKind
from runferry.sync.destination import Destination
from runferry.sync.means import Means
from runferry.sync.run_sync import RunSync

INTERVAL = 15.0


class Nowhere:
    """A connection and a ledger that nobody uses."""

    server = type("Server", (), {"url": "", "identity": ""})()

    def __getattr__(self, name: str) -> Any:
        return lambda *_: ()


def run_sync(tmp_path: Path) -> RunSync:
    folder = RunFolder(tmp_path, tmp_path / "run-a.wandb", "a", RunKind.OFFLINE, None, tmp_path)
    means = Means(Nowhere(), SystemClock(), threading.Semaphore(1), None, INTERVAL, 1 << 20, 300, 0.25)  # type: ignore[arg-type]
    return RunSync(folder, Destination("", "", ""), Nowhere(), means, None, lambda run: None)  # type: ignore[arg-type]


def test_a_refusal_is_not_repeated_before_the_interval_is_over(tmp_path: Path) -> None:
    run = run_sync(tmp_path)
    assert run.earliest() == 0.0
    assert run.failed(PermanentError("forbidden", "No", "403.", "Ask.")) is None
    assert INTERVAL - 1 < run.earliest() <= INTERVAL


def test_growth_does_not_bring_a_retry_forward(tmp_path: Path) -> None:
    run = run_sync(tmp_path)
    for _ in range(4):
        delay = run.failed(TemporaryError("slow", "Later", "Later.", "Wait."))
    assert delay == 8.0
    assert 7.0 < run.earliest() <= 8.0
