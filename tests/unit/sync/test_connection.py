"""The retry loop of one server, on a clock that the test moves."""

from __future__ import annotations

import math
import threading

import pytest

from runferry.remote.failures import Portal, ServerRefused, ServerTrouble
from runferry.remote.meter import Meter
from runferry.remote.pace import Pace
from runferry.status import ConnectionState
from runferry.sync.connection import LONGEST_WAIT, Connection
from runferry.sync.destination import Server


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, timeout: float) -> bool:
        self.now += timeout
        return event.is_set()


class FakeSession:
    """Stands for the HTTP session: its callback, its pace and its way are used here."""

    def __init__(self) -> None:
        self.pace, self.proxy_shown, self.renewed, self.meter = Pace(), "", 0, Meter()

    def on_answer(self) -> None: ...

    def renew(self) -> None:
        self.renewed += 1


def trouble(retry_after: float | None = None) -> ServerTrouble:
    return ServerTrouble("refused", "Not answering", "It refused.", "Wait.", ConnectionRefusedError(), retry_after)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def connection(clock: FakeClock, said: list[str]) -> Connection:
    server = Server("https://w.example", "https://w.example", "https://w.example")
    return Connection(server, FakeSession(), clock, False, said.append, chance=lambda: 0.5)  # type: ignore[arg-type]


def test_waits_double_up_to_a_minute(connection: Connection, clock: FakeClock) -> None:
    waits = []
    for _ in range(9):
        assert connection.enter()
        connection.leave(trouble())
        waits.append(connection.wait())
        clock.now += connection.wait()
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, LONGEST_WAIT])


def test_one_probe_at_a_time_while_it_is_down(connection: Connection, clock: FakeClock) -> None:
    connection.leave(trouble())
    assert not connection.enter()
    clock.now += connection.wait()
    assert connection.enter()
    assert not connection.enter()
    connection.session.on_answer()
    connection.leave()
    assert connection.enter()
    assert connection.enter()


def test_the_server_says_when_to_come_back(connection: Connection) -> None:
    connection.leave(trouble(retry_after=123.0))
    assert connection.wait() == pytest.approx(123.0)


def test_an_outage_is_told_once_and_so_is_its_end(connection: Connection, clock: FakeClock, said: list[str]) -> None:
    for _ in range(3):
        connection.leave(trouble())
        clock.now += connection.wait()
    assert said == ["Network error (ConnectionRefusedError), entering retry loop. It refused."]
    connection.session.on_answer()
    assert said[1:] == ["Network error resolved after 0:00:07, resuming normal operation."]


def test_a_turn_without_a_request_proves_nothing(connection: Connection) -> None:
    connection.leave(trouble())
    connection.leave(None)
    assert connection.state is ConnectionState.RETRYING


def test_a_refused_key_stops_the_loop_until_somebody_acts(connection: Connection) -> None:
    connection.leave(ServerRefused("key-refused", "Refused", "401.", "Log in."))
    assert connection.wait() == math.inf
    assert not connection.enter()
    assert connection.status().state is ConnectionState.REFUSED
    connection.try_now()
    assert connection.enter()


def test_a_certificate_problem_has_its_own_state(connection: Connection) -> None:
    connection.leave(ServerRefused("tls-untrusted", "Not trusted", "x.", "y."))
    assert connection.status().state is ConnectionState.UNTRUSTED


def test_trust_is_read_anew_when_somebody_acts(connection: Connection) -> None:
    connection.leave(ServerRefused("tls-unknown-issuer", "Not trusted", "x.", "y."))
    connection.try_now()
    assert connection.session.renewed == 1  # type: ignore[attr-defined]


def test_a_refusal_is_told_once(connection: Connection, said: list[str]) -> None:
    for _ in range(3):
        connection.leave(ServerRefused("tls-unknown-issuer", "Not trusted", "x.", "y."))
    assert said == ["Not trusted. x. y."]


def test_a_pause_holds_until_somebody_tries(connection: Connection) -> None:
    connection.session.on_answer()
    connection.pause()
    assert not connection.enter()
    assert connection.wait() == math.inf
    assert connection.status().state is ConnectionState.PAUSED
    assert connection.status().next_try is None
    connection.session.on_answer()  # the request that was in hand when somebody paused
    assert connection.status().state is ConnectionState.PAUSED
    connection.try_now()
    assert connection.enter()


def test_a_portal_is_asked_again_and_named(connection: Connection, clock: FakeClock) -> None:
    error = Portal("portal", "Sign in", "x.", "y.", "HTML")
    error.page = "http://login.example/"
    connection.leave(error)
    status = connection.status()
    assert (status.state, status.page) == (ConnectionState.PORTAL, "http://login.example/")
    assert status.next_try
    clock.now += connection.wait()
    assert connection.enter()
    connection.session.on_answer()
    assert connection.status().state is ConnectionState.ONLINE


def test_a_server_that_sets_the_pace_is_shown_as_slow(connection: Connection) -> None:
    connection.session.on_answer()
    connection.session.pace.note(429, {})
    status = connection.status()
    assert status.state is ConnectionState.SLOWED
    assert status.requests_per_second == pytest.approx(3, abs=0.1)
    assert connection.enter()


def test_while_one_run_probes_the_others_look_seldom(connection: Connection, clock: FakeClock) -> None:
    connection.leave(trouble())
    clock.now += 100
    assert connection.enter()
    assert connection.wait() == 1.0


def test_attempts_are_remembered_and_successes_merged(connection: Connection, clock: FakeClock) -> None:
    for _ in range(4):
        clock.now += 1
        connection.session.on_answer()
    connection.session.meter.took("file stream", connection.session.meter.now() - 12.4, None, False)
    connection.session.meter.in_doubt(128)
    connection.leave(trouble())
    connection.leave(trouble())
    connection.session.on_answer()
    newest, second, first, latest, oldest = connection.status().attempts
    assert (newest.ok, newest.outcome) == (True, "answered")
    assert (first.ok, first.outcome, first.what, first.rows_again) == (False, "Not answering", "file stream", 128)
    assert first.seconds == pytest.approx(12.4, abs=0.5)
    assert second.rows_again == 0
    assert (latest.time, latest.count) == (1004.0, 3)
    assert (oldest.time, oldest.count) == (1001.0, 1)


def test_fifty_attempts_are_kept(connection: Connection) -> None:
    for _ in range(80):
        connection.leave(trouble())
    assert len(connection.status().attempts) == 50


def test_what_waits_is_shown(connection: Connection) -> None:
    status = connection.status(runs_waiting=3, rows_waiting=14_200, files_waiting=2)
    assert (status.runs_waiting, status.rows_waiting, status.files_waiting) == (3, 14_200, 2)
