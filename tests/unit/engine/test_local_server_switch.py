"""The local server from the menu: how it is, started, stopped so that it stays so, and what it takes on the disk."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.engine import local_server
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.local_server import LocalServer
from runferry.errors import AppError
from runferry.paths import Home
from runferry.settings import Settings


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    with Engine(home, Settings.load(home.settings_file, {"RUNFERRY_LOCAL_SERVER_PORT": "18470"}), {}) as started:
        yield started


def test_it_starts_stops_and_stays_off(engine: Engine) -> None:
    before = engine.local_server.look()
    assert (before.is_running, before.url, before.is_off) == (False, "", False)
    engine.start_local_server()
    running = engine.local_server.look()
    assert running.is_running
    assert running.is_ours
    assert running.url.startswith("http://127.0.0.1:")
    assert engine.local_server.store_size() > 0
    other = LocalServer(engine.home.store, 0, SystemClock())
    assert other.look().is_running
    engine.stop_local_server()
    stopped = engine.local_server.look()
    assert (stopped.is_running, stopped.is_off) == (False, True)
    with pytest.raises(AppError) as caught:
        engine.connections.get(Choice("local", "test"), {})
    assert caught.value.slug == "local-server-off"
    engine.look_after_local_server()
    assert not engine.local_server.look().is_running, "nobody starts it behind one's back"
    engine.start_local_server()
    assert engine.connections.get(Choice("local", "test"), {}).server.is_runferry
    assert [one.text for one in engine.activity.entries()][1] == "The local server was stopped."


def test_a_port_that_is_taken_in_the_last_moment_is_no_obstacle(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(local_server, "is_free", lambda wished: True)
        engine.local_server.use_port(port)
        engine.start_local_server()
        running = engine.local_server.look()
    assert running.is_running
    assert not running.url.endswith(f":{port}")
