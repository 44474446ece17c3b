"""The queue of runs: turns in time, a server that is down holds up only its own runs, no wake-up is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from runferry.clock import SystemClock
from runferry.errors import AppError, PermanentError
from runferry.remote.failures import ServerTrouble
from runferry.remote.meter import Meter
from runferry.remote.pace import Pace
from runferry.sync.connection import Connection
from runferry.sync.destination import Server
from runferry.sync.scheduler import Scheduler


class NoSession:
    meter = Meter()
    pace = Pace()

    def on_answer(self) -> None: ...


class Turns:
    """A task that counts its turns."""

    def __init__(self, connection: Connection, answer: Callable[[int], float | None]) -> None:
        self.connection = connection
        self._answer = answer
        self.count = 0
        self.soonest = 0.0
        self.errors: list[AppError] = []
        self.changed = threading.Condition()

    def advance(self) -> float | None:
        with self.changed:
            self.count += 1
            self.changed.notify_all()
        return self._answer(self.count)

    def earliest(self) -> float:
        return self.soonest

    def failed(self, error: AppError) -> float | None:
        with self.changed:
            self.errors.append(error)
            self.changed.notify_all()
        return 0.01 if isinstance(error, ServerTrouble) else None

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout=10)


def connection(name: str = "one") -> Connection:
    return Connection(Server(name, name, name), NoSession(), SystemClock(), True)  # type: ignore[arg-type]


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler(SystemClock(), 2)
    made.start()
    yield made
    made.stop()


def test_a_task_gets_turns_until_it_wants_none(scheduler: Scheduler) -> None:
    task = Turns(connection(), lambda turn: 0.0 if turn < 5 else None)
    scheduler.add(task)
    task.wait_for(lambda: task.count == 5)


def test_a_wake_up_during_a_turn_is_not_lost(scheduler: Scheduler) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def turn(number: int) -> float | None:
        if number == 1:
            entered.set()
            assert go_on.wait(10)
        return None

    task = Turns(connection(), turn)
    scheduler.add(task)
    assert entered.wait(10)
    scheduler.wake(task)
    go_on.set()
    task.wait_for(lambda: task.count == 2)


def test_growth_during_a_turn_keeps_the_interval(scheduler: Scheduler) -> None:
    """A training that logs all the time would else be asked for a turn by the end of each."""
    growing: list[Turns] = []

    def turn(number: int) -> float | None:
        scheduler.grew(growing[0])
        return 1000.0

    task = Turns(connection(), turn)
    task.soonest = 500.0
    growing.append(task)
    scheduler.add(task)
    task.wait_for(lambda: task.count == 1)
    scheduler.grew(task)
    probe = Turns(connection(), lambda number: 0.0 if number < 20 else None)
    scheduler.add(probe)
    probe.wait_for(lambda: probe.count == 20)
    assert task.count == 1
    scheduler.wake(task)  # a person asks
    task.wait_for(lambda: task.count == 2)


def test_a_server_in_trouble_holds_up_its_own_runs_only(scheduler: Scheduler) -> None:
    def down(number: int) -> float | None:
        raise ServerTrouble("refused", "Down", "It is down.", "Wait.", retry_after=1000)

    task = Turns(connection("down"), down)
    second = Turns(task.connection, lambda turn: None)
    fine = Turns(connection("up"), lambda turn: 0.0 if turn < 50 else None)
    scheduler.add(task)
    task.wait_for(lambda: len(task.errors) == 1)
    scheduler.add(second)
    scheduler.add(fine)
    fine.wait_for(lambda: fine.count == 50)
    assert second.count == 0
    task.connection.try_now()
    scheduler.wake_all(task.connection)
    task.wait_for(lambda: task.count == 2)


def test_one_runs_own_problem_stops_nothing_else(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(number: int) -> float | None:
        raise PermanentError("x", "No", "No.", "No.")

    def crash(number: int) -> float | None:
        raise ZeroDivisionError("a bug")

    shared = connection()
    bad, buggy, good = (
        Turns(shared, refuse),
        Turns(shared, crash),
        Turns(shared, lambda turn: 0.0 if turn < 5 else None),
    )
    for task in (bad, buggy, good):
        scheduler.add(task)
    good.wait_for(lambda: good.count == 5)
    bad.wait_for(lambda: [error.slug for error in bad.errors] == ["x"])
    buggy.wait_for(lambda: [error.slug for error in buggy.errors] == ["bug"])
    assert "a run's turn failed" in caplog.text


def test_a_removed_task_gets_no_turn(scheduler: Scheduler) -> None:
    task = Turns(connection(), lambda turn: 1000.0)
    scheduler.add(task)
    task.wait_for(lambda: task.count == 1)
    scheduler.remove(task)
    scheduler.wake(task)
    probe = Turns(connection(), lambda turn: None)
    scheduler.add(probe)
    probe.wait_for(lambda: probe.count == 1)
    assert task.count == 1


class Asked(Connection):
    """Counts how often a run asks for admission."""

    times = 0

    def enter(self) -> bool:
        self.times += 1
        return super().enter()


def test_runs_wait_calmly_while_one_probes_and_go_on_when_it_is_through(scheduler: Scheduler) -> None:
    shared = Asked(Server("one", "one", "one"), NoSession(), SystemClock(), True)  # type: ignore[arg-type]
    shared.leave(ServerTrouble("refused", "Down", "It is down.", "Wait.", retry_after=0.1))
    probing, go_on = threading.Event(), threading.Event()

    def probe(number: int) -> float | None:
        probing.set()
        assert go_on.wait(10)
        shared.session.on_answer()
        return None

    first = Turns(shared, probe)
    scheduler.add(first)
    assert probing.wait(10)
    others = [Turns(shared, lambda turn: None) for _ in range(20)]
    for one in others:
        scheduler.add(one)
    other = Turns(connection("up"), lambda turn: 0.02 if turn < 20 else None)  # some 0.4 s
    scheduler.add(other)
    other.wait_for(lambda: other.count == 20)
    assert shared.times <= 2 + 2 * len(others)
    go_on.set()
    for one in others:
        one.wait_for(lambda one=one: one.count == 1)  # type: ignore[misc]
