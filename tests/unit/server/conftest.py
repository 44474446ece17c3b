"""A store, a clock that stands still, and a running server for the unit tests of the local server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.server.serving import LocalServer
from runferry.server.store import Store
from server_rig import Client, FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    opened = Store.open(tmp_path / "store", clock)
    yield opened
    opened.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    running = LocalServer(tmp_path / "served")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(server: LocalServer) -> Iterator[Client]:
    speaking = Client(server)
    yield speaking
    speaking.session.close()
