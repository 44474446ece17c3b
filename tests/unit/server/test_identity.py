"""Only the server that holds a store's key is taken for that store's server, whatever another says of itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.engine.local_server import ADDRESS_FILE
from runferry.engine.local_server import LocalServer as Finder
from runferry.remote.probe import store_at
from runferry.server.serving import LocalServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    made = LocalServer(tmp_path / "store")
    made.start()
    yield made
    made.stop()


class Impostor(BaseHTTPRequestHandler):
    """Says what the server said, its answer to an earlier challenge too."""

    told = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.told)))
        self.end_headers()
        self.wfile.write(self.told)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def impostor() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Impostor) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


def find(folder: Path, url: str, store: str) -> object:
    (folder / ADDRESS_FILE).write_text(json.dumps({"url": url, "store": store, "pid": 1}))
    return Finder(folder, 0, SystemClock())._find()


def test_the_server_of_the_store_is_found(server: LocalServer, tmp_path: Path) -> None:
    key = (tmp_path / "store" / "key").read_text().strip()
    store = store_at(server.url)
    assert store is not None
    assert store_at(server.url, key) == store
    assert store_at(server.url, "x" * 40) is None
    assert find(tmp_path / "store", server.url, store) is not None


def test_another_that_names_the_store_is_not(server: LocalServer, impostor: str, tmp_path: Path) -> None:
    store = store_at(server.url)
    assert store is not None
    Impostor.told = json.dumps({"product": "runferry", "store": store, "proof": "0" * 64}).encode()
    assert store_at(impostor) == store  # so much anybody can say
    assert find(tmp_path / "store", impostor, store) is None
