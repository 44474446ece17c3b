"""A server says numbers about time: as seconds, dates, times since the epoch, or nonsense. None decides too much."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.clock import LONGEST_WAIT, SystemClock, bounded
from runferry.errors import AppError
from runferry.remote import runs, told
from runferry.remote.failures import KeyRefused, ServerFault, ServerTrouble, SlowDown
from runferry.remote.pace import Pace
from runferry.status import ConnectionState
from runferry.sync.connection import Connection
from runferry.sync.destination import Server
from runferry.sync.failing import Failures
from runferry.sync.scheduler import AGAIN, Scheduler
from support.company import VIEWER
from support.raw_server import RawServer, reply
from support.sessions import open_session

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7.5", 7.5),
        ("0", 0),
        ("-5", 0),
        ("99999999999", told.LONGEST_PAUSE),
        ("9" * 300, told.LONGEST_PAUSE),
        (str(int(NOW)), 0),
        (str(int(NOW) + 20), 20),
        (str(int(NOW) * 1000 + 20_000), 20),
        ("5, 10", 5),
        ("60;w=60", 60),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30),
        ("Fri, 31 Dec 9999 23:59:59 GMT", told.LONGEST_PAUSE),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0),
        ("nan", None),
        ("inf", None),
        ("1e9", None),
        ("\u0663", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Fri, 99 Xyz 2027 99:99:99 GMT", None),
    ],
)
def test_a_pause_is_bounded(text: str | None, seconds: float | None) -> None:
    assert told.pause(text, lambda: NOW) == seconds


@given(st.text())
def test_any_header_is_a_bounded_pause_or_none(text: str) -> None:
    for found in (told.pause(text), told.amount(text)):
        assert found is None or (0 <= found < math.inf)
    assert (told.pause(text) or 0) <= told.LONGEST_PAUSE


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_is_a_count(value: object) -> None:
    assert 0 <= told.count(value) <= told.LARGEST_COUNT


def test_nonsense_in_the_headers_of_real_answers() -> None:
    for value in ("99999999999", "-1", "nan", "Fri, 31 Dec 9999 23:59:59 GMT", "x" * 5000, "1" * 5000):
        answer = reply(503, b"", f"Retry-After: {value}")
        with (
            RawServer(lambda request, answer=answer: answer) as server,  # type: ignore[misc]
            open_session(server.url) as session,
            pytest.raises(ServerFault) as caught,
        ):
            runs.viewer(session)
        assert caught.value.retry_after is None or 0 <= caught.value.retry_after <= told.LONGEST_PAUSE


def test_a_limit_as_a_time_since_the_epoch_is_no_silence_of_decades() -> None:
    answer = reply(200, VIEWER, "RateLimit-Remaining: 0", f"RateLimit-Reset: {int(time.time())}")
    with RawServer(lambda request: answer) as server, open_session(server.url) as session:
        for _ in range(3):
            assert runs.viewer(session).entity == "team"


def test_who_leaves_the_row_does_not_make_it_longer() -> None:
    """Each try that comes too soon pushed the next one further away: nothing was sent ever again."""
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.note(200, {"RateLimit-Remaining": "0", "RateLimit-Reset": "30"})
    assert pace.take(5) == 0
    for _ in range(50):
        assert pace.take(5) <= 30
    now[0] = 31
    assert pace.take(5) == 0


def test_try_now_ends_the_pace_that_a_server_told() -> None:
    answer = reply(200, VIEWER, "RateLimit-Remaining: 0", "RateLimit-Reset: 500")
    with RawServer(lambda request: answer) as server, open_session(server.url) as session:
        connection = Connection(Server(server.url, server.url, server.url), session, SystemClock(), True)
        runs.viewer(session)
        runs.viewer(session)
        with pytest.raises(SlowDown) as caught:
            runs.viewer(session)
        connection.leave(caught.value)
        assert not connection.enter()
        connection.try_now()
        assert connection.enter()
        assert runs.viewer(session).entity == "team"
        assert connection.state is ConnectionState.ONLINE


@pytest.mark.parametrize("seconds", [1e300, math.inf, -math.inf, math.nan, 99999999999.0, -1.0])
def test_no_wait_overflows(seconds: float) -> None:
    assert 0 <= bounded(seconds) <= LONGEST_WAIT
    ended = threading.Event()
    ended.set()
    assert SystemClock().wait(ended, seconds)


class _Task:
    """A run whose turns end as a test says."""

    def __init__(self, connection: Connection, turn: Callable[[int], float | None]) -> None:
        self.connection, self._turn, self.count = connection, turn, 0
        self.failures = Failures()
        self.turned = threading.Condition()

    def advance(self) -> float | None:
        with self.turned:
            self.count += 1
            self.turned.notify_all()
        return self._turn(self.count)

    def failed(self, error: AppError) -> float | None:
        return self.failures.judge(error, self.connection)[1]

    def earliest(self) -> float:
        return 0.0

    def reaches(self, count: int) -> bool:
        with self.turned:
            return self.turned.wait_for(lambda: self.count >= count, 10)


def _connection(url: str) -> Connection:
    return Connection(Server(url, url, url), open_session(url), SystemClock(), True)


@pytest.mark.parametrize("delay", [math.inf, math.nan, 1e300])
def test_a_task_that_wants_its_turn_in_eternity_ends_no_worker(delay: float) -> None:
    odd, sound = _connection("http://127.0.0.1:1"), _connection("http://127.0.0.1:2")
    scheduler = Scheduler(SystemClock(), 1)
    scheduler.start()
    try:
        first = _Task(odd, lambda turn: delay)
        scheduler.add(first)
        assert first.reaches(1)
        other = _Task(sound, lambda turn: 0.01)
        scheduler.add(other)
        assert other.reaches(3)
    finally:
        scheduler.stop()
        odd.session.close()
        sound.session.close()


def test_a_refusal_found_by_another_run_ends_no_worker() -> None:
    """The one run's trouble is judged while the server waits for a person: that wait has no end, and is no number."""
    connection = _connection("http://127.0.0.1:1")
    connection.leave(KeyRefused("key-refused", "Refused", "no", "ask"))
    _, delay = Failures().judge(ServerTrouble("timeout", "Away", "no", "wait"), connection)
    assert delay is not None
    assert delay < LONGEST_WAIT
    connection.session.close()


class _Broken(Connection):
    """A connection that raises what nobody foresaw, where the queue asks it: twice, then it is sound."""

    faults = 2

    def enter(self) -> bool:
        if self.faults:
            self.faults -= 1
            raise OverflowError("timestamp too large to convert to C _PyTime_t")
        return super().enter()


def test_a_fault_of_the_queue_itself_is_told_and_got_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runferry.sync.scheduler.AFTER_FAULT", 0.01)
    url = "http://127.0.0.1:1"
    broken = _Broken(Server(url, url, url), open_session(url), SystemClock(), True)
    told_faults: list[BaseException] = []
    scheduler = Scheduler(SystemClock(), 1, told_faults.append)
    scheduler.start()
    try:
        task = _Task(broken, lambda turn: 0.01)
        scheduler.add(task)
        assert task.reaches(2)
    finally:
        scheduler.stop()
        broken.session.close()
    assert [type(one) for one in told_faults] == [OverflowError, OverflowError]
    assert AGAIN < LONGEST_WAIT
