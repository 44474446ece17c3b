"""A key that was refused makes way for the one that somebody brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.credentials import Key
from runferry.engine import connections as module
from runferry.engine.choice import Choice
from runferry.engine.connections import Connections
from runferry.engine.local_server import LocalServer
from runferry.remote.failures import ServerRefused
from runferry.settings import Settings
from runferry.sync.connection import Connection

URL = "https://wandb.example"
STALE, FRESH = "a" * 40, "b" * 40
ENVIRON = {"WANDB_API_KEY": STALE, "WANDB_BASE_URL": URL}
CHOICE = Choice(URL, "WANDB_BASE_URL")


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    clock = SystemClock()
    made = Connections(Settings(), LocalServer(tmp_path, 0, clock), clock, lambda url, text: None)
    yield made
    made.close()


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the keyring holds, by URL."""
    keys: dict[str, str] = {}
    real = module.find_key

    def find_key(url: str, environ: dict[str, str], *, named: str, cloud_url: str, key_file: Path | None) -> Key | None:
        if environ.get("WANDB_API_KEY") or url not in keys:
            return real(url, environ, named=named, cloud_url=cloud_url, key_file=key_file)
        return Key(keys[url], "keyring")

    monkeypatch.setattr(module, "find_key", find_key)
    return keys


def refuse(connection: Connection, slug: str = "key-refused") -> None:
    connection.enter()
    connection.leave(ServerRefused(slug, "No", "No.", "Log in."))


def test_a_login_counts_before_the_variable_that_was_refused(connections: Connections, stored: dict[str, str]) -> None:
    connection = connections.get(CHOICE, ENVIRON)
    refuse(connection)
    stored[URL] = FRESH
    connections.refresh(connection)
    assert connection.server.key == FRESH
    assert connections.all() == [connection]
    assert connections.get(CHOICE, {**ENVIRON, "WANDB_API_KEY": FRESH}) is connection


def test_a_variable_that_was_not_refused_stays_in_use(connections: Connections, stored: dict[str, str]) -> None:
    connection = connections.get(CHOICE, ENVIRON)
    refuse(connection, "tls-unknown-ca")
    stored[URL] = FRESH
    connections.refresh(connection)
    assert connection.server.key == STALE


def test_two_connections_that_come_to_one_key_are_both_known(connections: Connections, stored: dict[str, str]) -> None:
    first = connections.get(CHOICE, ENVIRON)
    second = connections.get(CHOICE, {**ENVIRON, "WANDB_API_KEY": FRESH})
    refuse(first)
    stored[URL] = FRESH
    connections.refresh(first)
    assert first.server.key == FRESH
    assert set(connections.all()) == {first, second}
