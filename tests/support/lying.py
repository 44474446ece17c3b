"""A server that lies: it answers each request with whatever a test wants, piece by piece, and for ever if need be."""

from __future__ import annotations

import contextlib
import socket
import zlib
from collections.abc import Callable, Iterable

from support.company import Listener
from support.raw_server import read_request, reply

_MIB = 1 << 20
Pieces = Iterable[bytes]


class Lying(Listener):
    """`answer` gives the pieces of an answer to a request; they are sent until the client hangs up.

    sent: bytes that clients took of the last answer; requests: what was asked.
    """

    def __init__(self, answer: Callable[[bytes], Pieces | bytes]) -> None:
        super().__init__()
        self.answer = answer
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.sent = 0

    def serve(self, client: socket.socket) -> None:
        request = read_request(client)
        if not request:
            return
        self.requests.append(request)
        pieces = self.answer(request)
        self.sent = 0
        with contextlib.suppress(OSError):
            for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
                if self.closing.is_set():
                    return
                client.sendall(piece)
                self.sent += len(piece)


def packed(body: bytes, encoding: str = "gzip", status: int = 200) -> bytes:
    """An answer whose body is said to be compressed."""
    return reply(status, body, f"Content-Encoding: {encoding}")


def head(*headers: str, status: int = 200) -> bytes:
    """The head of an answer whose body comes until the connection closes."""
    return "\r\n".join([f"HTTP/1.1 {status} Said", "Connection: close", *headers, "", ""]).encode()


def bomb(size: int, byte: bytes = b" ") -> bytes:
    """Few bytes that unpack to many."""
    machine = zlib.compressobj(9, wbits=31)
    block = byte * _MIB
    parts = [machine.compress(block) for _ in range(size // _MIB)]
    return b"".join([*parts, machine.flush()])
