"""An answer's end: who drips it byte by byte, or never stops, is hung up on.

A timeout of a socket begins anew with each byte, so that one answer could hold a thread for ever. Here each answer
has a time of its own, which grows with what has arrived, and a size that no answer of any kind has.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

HEAD = 2 << 20  # bytes of a head, with all that stands before it
MOST = 160 << 20  # bytes of a body as it travels
SLOWEST = 2048.0  # bytes per second that are slow, and not a trick
_NO_TIMEOUT = 60.0


class TooSlow(TimeoutError):
    """The answer comes, and takes for ever."""


class TooMuch(OSError):
    """More comes than any answer has."""


class Timed(io.RawIOBase):
    """A socket's reading side with an end."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw, self._sock = raw, sock
        self._patience = sock.gettimeout() or _NO_TIMEOUT
        self._until = time.monotonic() + 2 * self._patience
        self._left = HEAD

    def readable(self) -> bool:
        """Always."""
        return True

    def expect_body(self) -> None:
        """The head was read."""
        self._left = MOST

    def readinto(self, buffer: Any) -> int | None:
        """As of any stream. Raises TooSlow or TooMuch."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TooSlow("the answer does not come to its end")
        if left < self._patience:
            self._sock.settimeout(left)
        try:
            size: int | None = self._raw.readinto(buffer)
        finally:
            if left < self._patience:
                self._sock.settimeout(self._patience)
        self._left -= size or 0
        self._until += (size or 0) / SLOWEST
        if self._left < 0:
            raise TooMuch("more comes than any answer has")
        return size

    def close(self) -> None:
        """And the socket's own stream."""
        self._raw.close()
        super().close()


class TimedResponse(http.client.HTTPResponse):
    """Python's, read through `Timed`."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._timed = Timed(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        self._timed.expect_body()
