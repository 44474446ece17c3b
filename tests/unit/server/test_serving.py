"""Starting and stopping: errors in words, nothing left behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from runferry.errors import AppError
from runferry.server.serving import LocalServer
from runferry.server.store import Store


def test_a_busy_port_is_told_and_the_store_is_given_back(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = LocalServer(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(AppError) as caught:
            server.start()
        assert caught.value.slug == "port-busy"
    Store.open(tmp_path).close()


def test_an_address_that_is_not_here_is_told(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        LocalServer(tmp_path, host="192.0.2.1").start()
    assert caught.value.slug == "address-refused"


def test_it_starts_again_with_everything(tmp_path: Path) -> None:
    server = LocalServer(tmp_path)
    server.start()
    server.store.ensure_run("local", "p", "r")
    key = server.key
    server.stop()
    server.stop()
    server.start()
    assert server.key == key
    assert server.store.run("local", "p", "r") is not None
    server.stop()
