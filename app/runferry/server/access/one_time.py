"""Links that open a page once: made by whoever holds the key, good for a minute, not the key itself.

A link stands in the browser's command line, where every account can read it. So where the system tells accounts apart
it only works for the one that asked for it, or for root (which a browser of the host is, seen from a container).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

from runferry.server.neighbours import ROOT, UNPROVEN, UNTOLD

SECONDS = 60.0
_MOST = 64  # links that wait; the oldest gives way


class OneTimeLinks:
    """Those of one server, in memory: a restart ends them. `now`: seconds, of any clock. Any thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._waiting: OrderedDict[bytes, tuple[float, str, str]] = OrderedDict()

    def make(self, target: str, owner: str) -> str:
        """A token that opens the path `target` once. `owner`: who asks for it (see `neighbours.owner_of`)."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._waiting[_digest(token)] = (self._now() + SECONDS, target, owner)
            while len(self._waiting) > _MOST:
                self._waiting.popitem(last=False)
        return token

    def redeem(self, token: str, owner: str) -> str | None:
        """The path that the token opens, which it does not do again; None for one that is not (any more) good."""
        key = _digest(token)
        with self._lock:
            expiry, target, made_by = self._waiting.get(key, (0.0, "", ""))
            if expiry <= self._now():
                self._waiting.pop(key, None)
                return None
            if not _may(owner, made_by):
                return None  # somebody read it over a shoulder: it stays good for its owner
            del self._waiting[key]
        return target


def _may(owner: str, made_by: str) -> bool:
    if owner == UNPROVEN:
        return False
    return owner in (made_by, ROOT, UNTOLD) or made_by == UNTOLD


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
