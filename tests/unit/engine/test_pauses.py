"""What a person paused stays so: for its time, over a restart, for one server or all, for one run."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.engine.local_server import LocalServer, Running
from runferry.engine.pauses import PauseFor, end_of
from runferry.engine.watched import WatchedFolder
from runferry.errors import AppError
from runferry.formats.detect import identify
from runferry.paths import Home
from runferry.settings import Settings
from runferry.status import ConnectionState, SyncState
from runferry.sync.pipeline import Interrupted, Pipeline
from runferry.sync.source import Part

ONE, TWO = Choice("http://127.0.0.1:1", "test"), Choice("http://127.0.0.1:2", "test")
KEY = {"WANDB_API_KEY": "k" * 40}


class Clock:
    now = 1_700_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, timeout: float) -> bool:
        return event.wait(timeout)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[[], Engine]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    environ = {**KEY, "WANDB_BASE_URL": ONE.server}
    return lambda: Engine(home, Settings(), environ, clock)


def states(engine: Engine) -> dict[str, ConnectionState]:
    return {one.server.url: one.state for one in engine.connections.all()}


def connect(engine: Engine, *choices: Choice) -> None:
    for one in choices:
        engine.connections.get(one, {**KEY, "WANDB_BASE_URL": one.server})


def test_a_pause_survives_a_restart_and_ends_at_its_time(make: Callable[[], Engine], clock: Clock) -> None:
    with make() as engine:
        connect(engine, ONE, TWO)
        engine.pause(ONE.server, PauseFor.HALF_HOUR.until(clock.time()))
        assert states(engine) == {ONE.server: ConnectionState.PAUSED, TWO.server: ConnectionState.IDLE}
    with make() as engine:
        engine.pauses.restore()
        connect(engine, ONE, TWO)
        (first, second) = engine.snapshot().servers
        assert (first.state, first.paused_until) == (ConnectionState.PAUSED, clock.now + 1800)
        assert (second.state, second.paused_until) == (ConnectionState.IDLE, None)
        clock.now += 1799
        engine._look()
        assert states(engine)[ONE.server] is ConnectionState.PAUSED
        clock.now += 2
        engine._look()
        assert states(engine)[ONE.server] is not ConnectionState.PAUSED
    with make() as engine:
        engine.pauses.restore()
        assert engine.pauses.of_servers() == {}


def test_a_pause_that_ran_out_meanwhile_is_forgotten(make: Callable[[], Engine], clock: Clock) -> None:
    with make() as engine:
        engine.pause("", clock.time() + 10)
    clock.now += 11
    with make() as engine:
        engine.pauses.restore()
        connect(engine, ONE)
        assert states(engine)[ONE.server] is ConnectionState.IDLE


def test_of_all_paused_servers_one_can_go_on(make: Callable[[], Engine]) -> None:
    with make() as engine:
        connect(engine, ONE, TWO)
        engine.pause()
        engine.try_now(ONE.server)
        assert states(engine)[TWO.server] is ConnectionState.PAUSED
        assert states(engine)[ONE.server] is not ConnectionState.PAUSED
        engine.try_now()
        assert states(engine)[TWO.server] is not ConnectionState.PAUSED
        assert engine.pauses.of_servers() == {}


@pytest.mark.parametrize("is_known", [True, False], ids=["while it is used", "before it is used"])
def test_the_local_server_is_paused_by_its_address_too_wherever_it_answers_later(
    make: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    running = [Running("http://127.0.0.1:8470", "s" * 32, "k" * 40)]
    monkeypatch.setattr(LocalServer, "ensure", lambda self: running[0])
    local = Choice("local", "test")
    with make() as engine:
        if is_known:
            connect(engine, local)
        engine.pause(running[0].url)
        connect(engine, local)
        assert states(engine) == {running[0].url: ConnectionState.PAUSED}
    if is_known:
        running[0] = Running("http://127.0.0.1:9999", "s" * 32, "k" * 40)
    with make() as engine:
        engine.pauses.restore()
        connect(engine, local, TWO)
        assert states(engine) == {running[0].url: ConnectionState.PAUSED, TWO.server: ConnectionState.IDLE}
        engine.try_now(running[0].url)
        assert states(engine)[running[0].url] is not ConnectionState.PAUSED
    with make() as engine:
        engine.pauses.restore()
        assert engine.pauses.of_servers() == {}


def test_a_pause_of_the_local_server_counts_for_another_key_too(
    make: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalServer, "ensure", lambda self: Running(ONE.server, "s" * 32, "o" * 40))
    with make() as engine:
        connect(engine, ONE, Choice("local", "test"))
        engine.pause(ONE.server)
        assert [one.state for one in engine.connections.all()] == [ConnectionState.PAUSED] * 2
        assert engine.resume(ONE.server)
        assert not any(one.is_paused for one in engine.connections.all())


def test_a_one_shot_command_is_not_stopped_by_a_pause_of_before(make: Callable[[], Engine]) -> None:
    with make() as engine:
        engine.pause()
    with make() as engine:
        connect(engine, ONE)
        assert states(engine)[ONE.server] is ConnectionState.IDLE


def test_a_run_stays_paused_until_somebody_asks_for_it(make: Callable[[], Engine], tmp_path: Path) -> None:
    runferry.init(dir=str(tmp_path), settings={"console": "off", "silent": True}).finish()
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    path = str(folder.resolve())
    with make() as engine:
        engine.pause_run(path)
    with make() as engine:
        engine._scheduler.add = lambda task: None  # type: ignore[method-assign]
        engine.pauses.restore()
        run = engine.deliver(identify(folder), WatchedFolder(folder.parent, ONE))  # type: ignore[arg-type]
        assert run.is_paused
        assert run.advance() is None
        assert run.status().state is SyncState.PAUSED
        engine.resume_run(path)
        assert not run.is_paused
        assert not run.at_rest
        engine.pause_run(path)
        engine.sync(SyncRequest((folder,), default_project="", server=""))
        assert all(not one.is_paused for one in engine.run_at(path)), "asked for by name"


def test_runs_of_a_paused_server_are_shown_as_paused(make: Callable[[], Engine], tmp_path: Path) -> None:
    runferry.init(dir=str(tmp_path), settings={"console": "off", "silent": True}).finish()
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    with make() as engine:
        engine._scheduler.add = lambda task: None  # type: ignore[method-assign]
        run = engine.deliver(identify(folder), WatchedFolder(folder.parent, ONE))  # type: ignore[arg-type]
        assert run.status().state is SyncState.WAITING
        engine.pause(ONE.server)
        assert run.status().state is SyncState.PAUSED


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("90 s", 90), ("1d", 86400), ("", None), ("resumed", None)]
)
def test_lengths_of_time(text: str, seconds: float | None) -> None:
    assert end_of(text, 1000.0) == (None if seconds is None else 1000.0 + seconds)


def test_tomorrow_is_tomorrow_morning() -> None:
    evening = datetime.datetime(2026, 3, 1, 23, 50).timestamp()
    end = end_of("tomorrow", evening)
    assert end is not None
    assert datetime.datetime.fromtimestamp(end) == datetime.datetime(2026, 3, 2, 6, 0)


@pytest.mark.parametrize("text", ["soon", "30", "-1m", "1w"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(AppError) as caught:
        end_of(text, 0.0)
    assert caught.value.slug == "bad-duration"


def test_a_long_run_stops_between_two_parts_and_goes_on_behind_them() -> None:
    parts = [Part({"history": n, "events": 0}, [str(n)], [n], [], n, at_end=n == 4) for n in range(5)]
    left, sent, paused = list(parts), [], []

    class Sink:
        def send(self, part: Part) -> None:
            sent.append(part.position)
            if part.position == 1:
                paused.append(True)

    source: Any = type("Fake", (), {"read": lambda self: left.pop(0)})()
    with ThreadPoolExecutor(1) as senders:
        pipeline = Pipeline(senders, lambda: None, lambda: bool(paused))
        with pytest.raises(Interrupted):
            pipeline.run(source, Sink())
        assert sent == [0, 1]
        paused.clear()
        pipeline.run(source, Sink())
    assert sent == [0, 1, 2, 3, 4]
