"""How many connections there may be, and how long one may take: so that nobody keeps the others out without a key.

Each connection says what it waits for. One that is too slow is closed; where there are too many, those that never
showed the key give way to a new one, whatever they do (a body or an answer can be dripped for ever), and then those
that wait for a request. Lives on the event loop's thread alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import sys
from collections import Counter
from enum import IntEnum
from typing import Protocol

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

FIRST_BYTE = 10.0  # seconds from the connection to the first byte of a request
WHOLE_HEADER = 15.0  # seconds from there to the end of its header
BODY_PAUSE = 60.0  # seconds without a byte of a body that was announced
REST_OF_BODY = 15.0  # seconds for the rest of a body that was answered before it had come
READER_PAUSE = 120.0  # seconds in which a client takes nothing of an answer
KEEP_ALIVE = 75.0  # seconds between two requests; longer than wandb's clients wait
MOST = 2048
_FILES_KEPT = 256  # descriptors for files and everything else
_WANTED_FILES = 2 * MOST + _FILES_KEPT
_LOOK = 1.0  # seconds between two looks


class Waits(IntEnum):
    """What a connection waits for; the lower ones give way first."""

    FIRST = 0
    HEADER = 1
    REST = 2
    NEXT = 3
    BODY = 4
    ANSWER = 5


_LONGEST = {
    Waits.FIRST: FIRST_BYTE, Waits.HEADER: WHOLE_HEADER, Waits.REST: REST_OF_BODY, Waits.NEXT: KEEP_ALIVE,
    Waits.BODY: BODY_PAUSE, Waits.ANSWER: READER_PAUSE,
}  # fmt: skip


class Connection(Protocol):
    """What a protocol tells of itself. `since`: on the loop's clock; `peer`: see `peer_of`."""

    waits: Waits
    since: float
    peer: str

    @property
    def has_shown_key(self) -> bool:
        """Or an address that was signed with it, in the request in hand or one before."""

    def is_read(self) -> bool:
        """Whether the client took something of the answer since it was asked last, or there is none for it to take."""

    def drop(self) -> None:
        """Close it at once."""


class Connections:
    """Those of one server. `most`: how many there may be; a peer elsewhere gets a quarter of them at most."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.of_one_peer = max(8, most // 4)
        self._open: set[Connection] = set()
        self._peers: Counter[str] = Counter()
        self._looking: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> bool:
        """Count it; false where there is no room, also after others gave way. Then it is to be closed."""
        if self._looking is None:
            self._loop = loop
            self._looking = loop.call_later(_LOOK, self._look)
        peer = connection.peer
        if peer and self._peers[peer] >= self.of_one_peer and not self._make_room(peer):
            return False
        if len(self._open) >= self.most and not self._make_room(""):
            return False
        self._open.add(connection)
        self._peers[peer] += 1
        return True

    def closed(self, connection: Connection) -> None:
        """It is gone; harmless for one that was never counted."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        self._peers[connection.peer] -= 1
        if not self._peers[connection.peer]:
            del self._peers[connection.peer]

    def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _make_room(self, peer: str) -> bool:
        """Close the one that can best be spared, of a peer or of all; false where each has the key and is at work."""
        found = [
            one
            for one in self._open
            if (one.waits <= Waits.NEXT or not one.has_shown_key) and (not peer or one.peer == peer)
        ]
        if not found:
            return False
        spared = min(found, key=lambda one: (one.has_shown_key, one.waits, one.since))
        self.closed(spared)
        spared.drop()
        return True

    def _look(self) -> None:
        assert self._loop is not None
        now = self._loop.time()
        for one in list(self._open):
            if one.waits is Waits.ANSWER and one.is_read():
                one.since = now
            elif now - one.since > _LONGEST[one.waits]:
                self.closed(one)
                one.drop()
        self._looking = self._loop.call_later(_LOOK, self._look) if self._open else None


def peer_of(host: str) -> str:
    """Who counts as one client: an IPv4 address, an IPv6 network of 64 bits; empty for this computer."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_loopback:
            return ""
        if address.version == 6:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)
    return host


def room() -> int:
    """How many connections fit into the descriptors that this process may have; asks for more of them first."""
    if sys.platform == "win32":  # sockets are no file descriptors there
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return MOST
    return max(16, min(MOST, (soft - min(_FILES_KEPT, soft // 2)) // 2))
