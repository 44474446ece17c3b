"""A session with a server, as a test needs it."""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager

from runferry.remote.session import Session
from runferry.remote.way import Way

KEY = "k" * 40


class OpenSession(Session, AbstractContextManager["OpenSession"]):
    """Closed at the end of its block."""

    def __exit__(self, *_: object) -> None:
        self.close()


def open_session(url: str, timeout: float = 10, way: Way | None = None) -> OpenSession:
    """With a key, and without any variable of this machine."""
    return OpenSession(url, KEY, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), {}, timeout, timeout, way)
