"""uvicorn's HTTP with limits: on what a client may send before it is known, and on how long it may take for it.

A subclass, so it knows uvicorn's internals: `test_before_the_key` fails when an update moves them.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runferry.server.connections import Connections, Waits, peer_of

LONGEST_HEADER = 64 << 10  # bytes of request line and header fields, or of the fields behind a body
LONGEST_REST = 256 << 20  # bytes of a body that was answered already: taken in, so that its client reads the answer
MOST_WAITING = 16  # requests that a client may send ahead
MOST_AT_ONCE = 64 << 10  # bytes that are parsed in one go, so that no header grows in between


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, limits: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._unread = self._header_size = self._rest = 0
        self.waits, self.since = Waits.FIRST, self.loop.time()
        self._has_shown_key = False
        self.peer = ""

    # -- asyncio ------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counted from here on."""
        super().connection_made(transport)
        self.peer = peer_of(self.client[0]) if self.client else ""
        if not self._limits.opened(self, self.loop):
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """And no more."""
        self._limits.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """In pieces, so that the header's size is seen while it grows."""
        view = memoryview(data)
        for start in range(0, len(view), MOST_AT_ONCE):
            if self.transport.is_closing():
                return
            self._take(bytes(view[start : start + MOST_AT_ONCE]))

    def _take(self, data: bytes) -> None:
        if self.waits in (Waits.FIRST, Waits.NEXT):
            self._now(Waits.HEADER)
        if self.waits is Waits.HEADER:
            self._header_size += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.waits is Waits.BODY:
            self.since = self.loop.time()
        self._rest = self._rest + len(data) if self.waits is Waits.REST else 0
        if self.waits is Waits.HEADER and self._header_size > LONGEST_HEADER:
            self._refuse(431, "The request's header is too large.")
        elif len(self.pipeline) > MOST_WAITING or self._rest > LONGEST_REST:
            self.drop()

    # -- the parser ---------------------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """Also called for fields behind a body, of which nobody asks anything: they are left out."""
        if self.waits is not Waits.HEADER:
            self._header_size += len(name) + len(value)
            if self._header_size > LONGEST_HEADER:
                self.drop()
            return
        super().on_header(name, value)

    def on_message_begin(self) -> None:
        """A request sent ahead begins while another is answered."""
        if self.waits is not Waits.HEADER:
            self._header_size = 0
            self._now(Waits.HEADER)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The header is whole."""
        super().on_headers_complete()
        self._header_size = 0
        self._now(Waits.BODY)

    def on_message_complete(self) -> None:
        """So is the body."""
        super().on_message_complete()
        self._now(Waits.NEXT if self.cycle.response_complete and not self.pipeline else Waits.ANSWER)

    def on_response_complete(self) -> None:
        """A client that is answered before its body has come is given a while for the rest."""
        self._has_shown_key = self.has_shown_key
        super().on_response_complete()
        if self.pipeline or not self.cycle.response_complete:
            return
        if self.waits in (Waits.BODY, Waits.ANSWER):
            self._now(Waits.REST if self.cycle.more_body else Waits.NEXT)

    # -- for `Connections` --------------------------------------------------------------------------------------------

    @property
    def has_shown_key(self) -> bool:
        """See `Connection`."""
        state = (self.cycle.scope.get("state") if self.cycle else None) or {}
        return self._has_shown_key or bool(state.get("has_key") or state.get("is_signed"))

    def is_read(self) -> bool:
        """See `Connection`."""
        before, self._unread = self._unread, self.transport.get_write_buffer_size()
        return self._unread == 0 or self._unread != before

    def drop(self) -> None:
        """See `Connection`."""
        self.transport.abort()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _now(self, waits: Waits) -> None:
        self.waits, self.since = waits, self.loop.time()

    def _refuse(self, status: int, text: str) -> None:
        said = f"HTTP/1.1 {status} \r\ncontent-length: {len(text)}\r\nconnection: close\r\n\r\n{text}"
        self.transport.write(said.encode())
        self.transport.close()


def protocol_class(limits: Connections) -> Callable[..., LimitedProtocol]:
    """What uvicorn is given as its `http`."""
    return functools.partial(LimitedProtocol, limits=limits)
