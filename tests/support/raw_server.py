"""A socket that answers with exactly the bytes that a test wants, and keeps what it was sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

Answer = Callable[[bytes], bytes | None]


class RawServer:
    """Listens on loopback. `answer` gets a whole request and gives the bytes to send; None: hang up without a word."""

    def __init__(self, answer: Answer, read: Callable[[socket.socket], bytes] | None = None) -> None:
        self._answer = answer
        self._read = read or read_request
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="raw-server")
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(10)
                request = self._read(client)
                self.requests.append(request)
                reply = self._answer(request)
                if reply is not None:
                    client.sendall(reply)


def read_request(client: socket.socket) -> bytes:
    """One HTTP request with a body of known length, or as much as comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        more = client.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


def reply(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    """An HTTP answer that closes the connection."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
