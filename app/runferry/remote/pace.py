"""How fast one server is asked: it may say so itself, by `RateLimit-…` headers and by 429. Any thread may call."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping

from runferry.remote import told

FIRST_GAP = 0.33  # seconds between two requests after the first 429: three per second
LONGEST_GAP = 10.0
_EASING = 0.8  # with each request that is answered the gap shrinks
_FORGOTTEN = 0.05


class Pace:
    """The pause before the next request, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._gap = 0.0  # after a 429
        self._told = 0.0  # by the headers
        self._told_until = 0.0
        self._next = 0.0

    @property
    def gap(self) -> float:
        """Seconds between two requests; 0 where nothing holds us back."""
        with self._lock:
            return self._current()

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """What an answer says about the pace."""
        remaining = told.amount(headers.get("RateLimit-Remaining"))
        reset = told.pause(headers.get("RateLimit-Reset"))
        with self._lock:
            if status == 429:
                self._gap = min(max(self._gap * 2, FIRST_GAP), LONGEST_GAP)
            elif status < 400:
                self._gap = self._gap * _EASING if self._gap > _FORGOTTEN else 0.0
            if remaining is not None and reset is not None and reset > 0:
                # What is left is spread over the time that it has to last.
                self._told, self._told_until = min(reset / max(remaining, 1.0), reset), self._now() + reset

    def take(self, patience: float = math.inf) -> float:
        """Seconds to wait before the request that the caller is about to send.

        patience: the longest that the caller waits. Its place in the row is taken only then: whoever comes again
        later must not find the row longer by those who left.
        """
        with self._lock:
            now, gap = self._now(), self._current()
            at = max(now, self._next)
            if at - now <= patience:
                self._next = at + gap
            return at - now

    def forget(self) -> None:
        """A person wants the next request to go at once."""
        with self._lock:
            self._gap = self._told = self._told_until = self._next = 0.0

    def _current(self) -> float:
        told_gap = self._told if self._now() < self._told_until else 0.0
        return max(self._gap, told_gap if told_gap > _FORGOTTEN else 0.0)
