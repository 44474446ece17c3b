"""Whatever a server does, runs for another one go on: it keeps all workers waiting, or says nonsense about time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.errors import AppError
from runferry.paths import Home
from runferry.settings import Settings
from runferry.status import SyncState
from runferry.sync.connection import Connection
from runferry.sync.destination import Server
from runferry.sync.scheduler import Scheduler
from support.company import VIEWER
from support.lying import Lying
from support.processes import Server as RealServer
from support.processes import serving
from support.raw_server import reply
from support.sessions import KEY, open_session

PATIENCE = 20.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class Turns:
    """A run whose turn ends when the test lets it; counts how many have one at once."""

    def __init__(self, connection: Connection, gate: threading.Event, inside: list[int]) -> None:
        self.connection, self._gate, self._inside, self.count = connection, gate, inside, 0

    def advance(self) -> float | None:
        self.count += 1
        self._inside[0] += 1
        self._inside[1] = max(self._inside)
        self._gate.wait(PATIENCE)
        self._inside[0] -= 1
        return 0.05

    def failed(self, error: AppError) -> float | None:
        raise AssertionError(error)

    def earliest(self) -> float:
        return 0.0


@pytest.mark.parametrize("workers", [1, 3])
def test_servers_that_keep_their_workers_waiting_leave_one_to_each_other(workers: int) -> None:
    held, open_gate = threading.Event(), threading.Event()
    open_gate.set()
    sessions = [open_session(f"http://127.0.0.1:{port}") for port in (1, 2, 3)]
    slow, slower, sound = (Connection(Server(one.url, one.url, one.url), one, SystemClock(), True) for one in sessions)
    scheduler = Scheduler(SystemClock(), workers)
    scheduler.start()
    try:
        at_slow, at_slower = [0, 0], [0, 0]
        for _ in range(10):
            scheduler.add(Turns(slow, held, at_slow))
            scheduler.add(Turns(slower, held, at_slower))
        until(lambda: at_slow[0] >= 1 and at_slower[0] >= 1)
        task = Turns(sound, open_gate, [0, 0])
        scheduler.add(task)
        until(lambda: task.count > 5)
        assert at_slow[1] + at_slower[1] <= workers + 1
        held.set()
        until(lambda: at_slow[0] == 0 or at_slower[0] == 0)
    finally:
        held.set()
        scheduler.stop()
        for one in sessions:
            one.close()


@pytest.fixture
def real(tmp_path: Path):  # type: ignore[no-untyped-def]
    with serving(tmp_path / "store") as server:
        yield server


def recorded(folder: Path, run_id: str) -> Path:
    run = runferry.init(project="p", id=run_id, dir=folder)
    run.log({"x": 1})
    run.finish()
    return Path(run.dir).parent


@pytest.mark.parametrize(
    "headers",
    [
        (503, ("Retry-After: 99999999999",)),
        (429, ("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",)),
        (200, ("RateLimit-Remaining: 0", f"RateLimit-Reset: {int(time.time())}")),
        (200, ("RateLimit-Remaining: 0", "RateLimit-Reset: 99999999999")),
    ],
)
def test_odd_headers_keep_nobody_waiting_that_a_person_wants_tried(
    tmp_path: Path, real: RealServer, headers: tuple[int, tuple[str, ...]]
) -> None:
    """Runs of a sound server go on meanwhile; and `try-now` asks the odd one at once, whatever it has said."""
    (tmp_path / "recorded").mkdir()
    odd_run, sound_run = recorded(tmp_path / "recorded", "odd"), recorded(tmp_path / "recorded", "sound")
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "own")
    status, lines = headers
    with (
        Lying(lambda request: reply(status, VIEWER, *lines)) as odd,
        Engine(home, Settings(), {"WANDB_API_KEY": KEY}) as engine,
    ):
        engine.sync(SyncRequest((odd_run,), server=odd.url))
        until(lambda: len(odd.requests) > 0)
        job = engine.sync(SyncRequest((sound_run,), server=real.url), real.environ)
        until(lambda: job.runs[0].status().state is SyncState.VERIFIED)
        odd.answer = lambda request: reply(200, VIEWER)
        until(lambda: engine.connections.all()[0].cause is not None or len(odd.requests) > 1)
        before = len(odd.requests)
        engine.try_now(odd.url)
        until(lambda: len(odd.requests) > before)
        assert engine.faults == {}


def test_a_fault_of_the_queue_is_a_problem_that_people_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is put in: nobody knows one."""
    monkeypatch.setattr("runferry.sync.scheduler.AFTER_FAULT", 0.01)
    (tmp_path / "recorded").mkdir()
    run = recorded(tmp_path / "recorded", "one")
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "own")
    real_enter, faults = Connection.enter, [OverflowError("timestamp too large")]

    def enter(connection: Connection) -> bool:
        if faults:
            raise faults.pop()
        return real_enter(connection)

    monkeypatch.setattr(Connection, "enter", enter)
    with (
        Lying(lambda request: reply(200, VIEWER)) as server,
        Engine(home, Settings(), {"WANDB_API_KEY": KEY}) as engine,
    ):
        engine.sync(SyncRequest((run,), server=server.url))
        until(lambda: len(server.requests) > 0 and bool(engine.faults))
        (problem,) = [one for one in engine.problems() if one.slug == "part-failed"]
        assert "OverflowError" in problem.message
        until(lambda: any("started again" in one.text for one in engine.activity.entries()))
