"""Stands between Runferry and a real server as a plain socket, and spoils what the test says."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

from support.raw_server import read_request

PASS, RESET, LOSE_ANSWER, HANG = b"pass", b"reset", b"lose answer", b"hang"
Policy = Callable[[bytes], bytes]
"""Gets a whole request; gives one of the words above, or the bytes to answer without asking the server."""


class Gate:
    """Forwards each request to `port` on loopback as `policy` says. One thread per connection, all ended in the end.

    RESET: cut off before the server sees it. LOSE_ANSWER: the server does it, the answer is lost. HANG: no answer
    until the gate closes.
    """

    def __init__(self, port: int = 0, policy: Policy = lambda request: PASS) -> None:
        self.upstream = port
        self.policy = policy
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Gate:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(15)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="gate")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(lambda client=client: self._serve(client))  # type: ignore[misc]

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(10)
            request = read_request(client)
            if not request:
                return
            self.requests.append(request)
            what = self.policy(request)
            if what == HANG:
                self._closing.wait()
            elif what == RESET:
                _reset(client)
            elif what in (PASS, LOSE_ANSWER):
                answer = self._forward(request)
                if what == PASS:
                    client.sendall(answer)
                else:
                    _reset(client)
            else:
                client.sendall(what)

    def _forward(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [
            line for line in head.split(b"\r\n") if not line.lower().startswith((b"host:", b"connection:", b"expect:"))
        ]
        lines[1:1] = [b"Host: 127.0.0.1:%d" % self.upstream, b"Connection: close"]
        with socket.create_connection(("127.0.0.1", self.upstream), 10) as server:
            server.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            parts = []
            while more := server.recv(65536):
                parts.append(more)
        here, there = b"127.0.0.1:%d" % self.port, b"127.0.0.1:%d" % self.upstream
        assert len(here) == len(there)  # or the answer's length would be wrong
        return b"".join(parts).replace(there, here)  # upload addresses lead through the gate, too


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
