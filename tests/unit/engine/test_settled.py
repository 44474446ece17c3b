"""Runs that are over, verified and unchanged cost one look each; whatever changes brings the ordinary sync back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.engine import settled
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.engine.watching import WatchedFolder
from runferry.paths import Home
from runferry.settings import FolderMode, Settings
from runferry.state.delivery import MEANING
from runferry.status import RunState, SyncState
from runferry.sync.connection import Connection
from runferry.sync.destination import Server

HERE = Choice("local", "a test")
COUNTS = {"run_id": "a0", "entity": "me", "project": "demo", "rows": 3, "rows_acknowledged": 3, "writer": "runferry/1"}


class NoSession:
    def on_answer(self) -> None: ...


class NoTurns:
    """A scheduler that never gives a turn."""

    senders = object()

    def __init__(self) -> None:
        self.tasks: list[Any] = []

    def add(self, task: Any) -> None:
        self.tasks.append(task)

    def remove(self, task: Any) -> None:
        self.tasks.remove(task)

    def wake(self, task: Any) -> None: ...
    def between_turns(self, task: Any, change: Callable[[], None]) -> None:
        change()


class Owner:
    """An engine that sends nothing, watching `runs`."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs" / "wandb"
        runferry.init(dir=str(folder / "runs"), id="a0", settings={"console": "off", "silent": True}).finish()
        (self.first,) = self.runs.glob("offline-run-*")
        self.engine = Engine(
            Home(folder / "config", folder / "data", folder / "logs", folder / "store"), Settings(), {}
        )
        self.turns = self.engine._scheduler = NoTurns()  # type: ignore[assignment]
        server = Server("http://127.0.0.1:1", "store", "http://127.0.0.1:1", "k")
        connection = Connection(server, NoSession(), SystemClock(), True)  # type: ignore[arg-type]
        self.engine.connections.get = lambda *_: connection  # type: ignore[method-assign]
        self.engine.watching.wanted.put("test", [WatchedFolder(self.runs, HERE, FolderMode.SYNC)])
        self.engine._database.open()

    def verified(self, folder: Path, **columns: Any) -> None:
        """What the ledger holds of a run after its verification."""
        log = next(folder.glob("*.wandb"))
        ledger, run_id = self.engine.ledger, log.stem.removeprefix("run-")
        delivery = ledger.delivery(ledger.source(str(log), run_id, log), ledger.target("store", "me", "demo", run_id))
        found = log.stat()
        counts = {**COUNTS, "run_id": run_id, "run_state": "finished"}
        proved = {
            "state": "verified",
            "meaning": MEANING,
            "verified_size": found.st_size,
            "verified_mtime_ns": found.st_mtime_ns,
        }
        ledger.update(delivery, **{**proved, "counts": counts, **columns})

    def copies(self, count: int) -> list[Path]:
        """More runs like the first."""
        made = []
        for number in range(1, count + 1):
            copy = self.first.with_name(self.first.name.replace("-a0", f"-a{number}"))
            shutil.copytree(self.first, copy)
            (copy / "run-a0.wandb").rename(copy / f"run-a{number}.wandb")
            made.append(copy)
        return made

    @property
    def states(self) -> list[tuple[str, SyncState]]:
        return [(one.run_id, one.state) for one in self.engine.snapshot().runs]


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    made = Owner(tmp_path)
    yield made
    made.engine._database.close()


def test_a_verified_run_is_shown_and_gets_no_turn(owner: Owner) -> None:
    owner.verified(owner.first)
    owner.engine.watching._found(owner.first)
    (status,) = owner.engine.snapshot().runs
    assert (status.state, status.run_state) == (SyncState.VERIFIED, RunState.FINISHED)
    assert (status.path, status.project, status.rows, status.rows_sent) == (str(owner.first), "demo", 3, 0)
    assert owner.engine.statuses({str(owner.first)}) == (status,)
    assert owner.turns.tasks == []


def test_the_way_to_it_may_lead_over_a_link(owner: Owner, tmp_path: Path) -> None:
    owner.verified(owner.first)
    (tmp_path / "link").symlink_to(owner.runs)
    by_link = tmp_path / "link" / owner.first.name
    owner.engine.watching._found(by_link)
    assert owner.states == [("a0", SyncState.VERIFIED)]
    owner.engine.watching._gone(by_link)
    assert owner.states == []


@pytest.mark.parametrize("change", ["longer", "touched", "other server", "problem", "never over"])
def test_any_other_run_is_synced(owner: Owner, change: str) -> None:
    columns: dict[str, dict[str, Any]] = {"problem": {"state": "problem"}, "never over": {"verified_size": None}}
    owner.verified(owner.first, **columns.get(change, {}))
    log = owner.first / "run-a0.wandb"
    if change == "longer":
        before = log.stat().st_mtime_ns
        log.write_bytes(log.read_bytes() + b"x")
        os.utime(log, ns=(before, before))
    elif change == "touched":
        os.utime(log, ns=(1, 1))
    elif change == "other server":
        with owner.engine._database.transaction() as db:
            db.execute("UPDATE targets SET server = 'another'")
    owner.engine.watching._found(owner.first)
    assert owner.states == [("a0", SyncState.WAITING)]
    assert len(owner.turns.tasks) == 1


def test_of_many_each_is_judged_by_itself(owner: Owner) -> None:
    folders = owner.copies(settled.MANY + 5)
    for folder in folders:
        owner.verified(folder)
    os.utime(next(folders[-1].glob("*.wandb")), ns=(1, 1))
    for folder in [*folders, owner.first]:  # of the first the ledger knows nothing
        owner.engine.watching._found(folder)
    found = dict(owner.states)
    waiting = {run_id for run_id, state in found.items() if state is SyncState.WAITING}
    assert len(found) == settled.MANY + 6
    assert waiting == {"a0", f"a{settled.MANY + 5}"}


def test_who_asks_for_it_gets_an_ordinary_sync(owner: Owner) -> None:
    owner.verified(owner.first)
    owner.engine.watching._found(owner.first)
    job = owner.engine.sync(SyncRequest((owner.first,), server="local"), {})
    assert owner.turns.tasks == job.runs
    assert owner.states == [("a0", SyncState.WAITING)]
    owner.engine.watching._found(owner.first)  # found again while it is under way
    assert owner.states == [("a0", SyncState.WAITING)]


def test_a_run_that_seemed_dead_and_grows_is_synced(owner: Owner) -> None:
    owner.verified(owner.first, counts={**COUNTS, "run_state": "crashed"})
    owner.engine.watching._found(owner.first)
    owner.engine.watching.look_at_quiet_logs()
    assert owner.turns.tasks == []
    with (owner.first / "run-a0.wandb").open("ab") as log:
        log.write(b"more")
    owner.engine.watching.look_at_quiet_logs()
    assert [run.folder.path for run in owner.turns.tasks] == [owner.first]
    assert owner.states == [("a0", SyncState.WAITING)]


def test_a_run_that_was_verified_now_is_put_away(owner: Owner) -> None:
    owner.engine.watching._found(owner.first)
    (run,) = owner.turns.tasks
    run._state, run._run_state = SyncState.VERIFIED, RunState.FINISHED
    owner.engine._changed(run)  # its turn is not over yet
    assert owner.turns.tasks == [run]
    run.at_rest = True
    owner.engine._changed(run)
    assert owner.turns.tasks == []
    assert (owner.engine._runs, owner.engine.watching.runs()) == ({}, [])
    assert owner.states == [("a0", SyncState.VERIFIED)]


def test_a_run_that_is_asked_for_again_is_not_put_away(owner: Owner) -> None:
    owner.engine.watching._found(owner.first)
    (run,) = owner.turns.tasks
    run._state, run._run_state, run.at_rest = SyncState.VERIFIED, RunState.FINISHED, True
    run.ask_again()
    owner.engine._changed(run)
    assert owner.turns.tasks == [run]
