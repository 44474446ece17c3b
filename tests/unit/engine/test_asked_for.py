"""What whoever asks for a sync wants of it counts, though another process (the owner) carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.paths import Home
from runferry.remote.meter import Meter
from runferry.settings import Settings
from runferry.sync.connection import Connection
from runferry.sync.destination import Server


class NoSession:
    meter = Meter()

    def on_answer(self) -> None: ...


class NoTurns:
    """A scheduler that never gives a turn."""

    senders = object()

    def add(self, task: Any) -> None: ...
    def wake(self, task: Any) -> None: ...
    def between_turns(self, task: Any, change: Callable[[], None]) -> None:
        change()


def connection(key: str = "k") -> Connection:
    server = Server("http://127.0.0.1:1", "store", "http://127.0.0.1:1", key)
    return Connection(server, NoSession(), SystemClock(), True)  # type: ignore[arg-type]


class Owner:
    """An engine that sends nothing, and a run that it may be asked for."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder / "config", folder / "data", folder / "logs", folder / "store")
        runferry.init(dir=str(folder), settings={"console": "off", "silent": True}).finish()
        self.run_folder = next((folder / "wandb").glob("offline-run-*"))
        self.engine = Engine(home, Settings(), {})
        self.engine._scheduler = NoTurns()  # type: ignore[assignment]
        self.by_key: dict[str, Connection] = {}

        def get(choice: Choice, environ: Mapping[str, str]) -> Connection:
            key = environ.get("WANDB_API_KEY", "")
            return self.by_key.setdefault(key, connection(key))

        self.engine.connections.get = get  # type: ignore[method-assign]

    def sync(self, **environ: str) -> Any:
        job = self.engine.sync(SyncRequest((self.run_folder,), server="local"), environ)
        (run,) = job.runs
        return run


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def test_the_callers_wishes_count(owner: Owner) -> None:
    run = owner.sync(RUNFERRY_METRICS_ONLY="1", WANDB_IGNORE_GLOBS="*.pt")
    assert run.wishes.metrics_only
    assert run.wishes.ignore_globs == ("*.pt",)


def test_what_was_asked_last_counts_for_a_run_under_way(owner: Owner) -> None:
    first = owner.sync()
    assert not first.wishes.metrics_only
    again = owner.sync(RUNFERRY_METRICS_ONLY="1")
    assert again is first  # two syncs of one log would send its rows twice
    assert again.wishes.metrics_only


def test_another_key_is_used_for_a_run_that_is_known(owner: Owner) -> None:
    run = owner.sync()
    assert owner.sync(WANDB_API_KEY="right") is run
    assert run.connection is owner.by_key["right"]
