"""The local server dies, and another program (of another account, even) takes its port before anybody notices."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from runferry.clock import SystemClock
from runferry.engine.choice import Choice
from runferry.engine.connections import Connections
from runferry.engine.local_server import ADDRESS_FILE, LocalServer
from runferry.remote.troubles import ServerTrouble
from runferry.servers import LOCAL
from runferry.settings import Settings


@contextmanager
def impostor(port: int) -> Iterator[list[str]]:
    """Answers everything there; gives what it was asked and shown."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.requestline} {self.headers}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_who_takes_the_port_is_shown_neither_key_nor_run(tmp_path: Path) -> None:
    clock = SystemClock()
    local = LocalServer(tmp_path / "store", 0, clock)
    connections = Connections(Settings(), local, clock, lambda url, text: None)
    try:
        connection = connections.get(Choice(LOCAL, "a test"), {})
        assert connection.account().username
        told = json.loads((tmp_path / "store" / ADDRESS_FILE).read_text())
        server = psutil.Process(told["pid"])
        server.kill()
        psutil.wait_procs([server], 20)
        assert local.is_down()
        port = int(told["url"].rpartition(":")[2])
        with impostor(port) as seen:
            with pytest.raises(ServerTrouble, match="Another program answers") as caught:
                connection.session.post_json("/graphql", {"query": "{ viewer { username } }"}, "a question")
            connection.leave(caught.value)
            connection.prepare()  # another one is started
            connection.session.post_json("/graphql", {"query": "{ viewer { username } }"}, "a question")
            assert not connection.server.url.endswith(f":{port}")
        assert seen
        assert all(one.startswith("GET /runferry?challenge=") for one in seen)
    finally:
        connections.close()
        local.stop()
