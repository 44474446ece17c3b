"""What one session has measured: how long the last request took, how soon it was answered, what goes up per second.

Only figures for people: nothing is decided by them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW = 5.0  # seconds over which the rate is averaged
_SLOT = 0.25


class Meter:
    """Any thread may call. Times are seconds, sizes bytes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._lock = threading.Lock()
        self._sent: deque[tuple[float, int]] = deque()  # beginning of a quarter of a second, bytes in it
        self._doubtful = 0
        self.what = ""  # the last request, in words
        self.seconds: float | None = None  # that it took, its body included
        self.latency: float | None = None  # from the last byte of the last answered request to its answer

    def sent(self, size: int) -> None:
        """So many bytes of a body went out."""
        at = self.now() // _SLOT * _SLOT
        with self._lock:
            if self._sent and self._sent[-1][0] == at:
                self._sent[-1] = (at, self._sent[-1][1] + size)
            else:
                self._sent.append((at, size))
            self._forget()

    def took(self, what: str, began: float, body_gone: float | None, answered: bool) -> None:
        """A request is over. began, body_gone: monotonic seconds; body_gone is None where nothing was sent."""
        now = self.now()
        with self._lock:
            self.what, self.seconds = what, now - began
            if answered:
                self.latency = now - max(began, body_gone or began)

    def in_doubt(self, rows: int) -> None:
        """A request with so many rows broke off; nobody knows whether they arrived, so they are sent again."""
        with self._lock:
            self._doubtful += rows

    def take_doubtful(self) -> int:
        """How many rows were in doubt since this was asked last."""
        with self._lock:
            rows, self._doubtful = self._doubtful, 0
        return rows

    @property
    def bytes_per_second(self) -> float:
        """Bytes that go up per second, averaged over the last five."""
        with self._lock:
            self._forget()
            return sum(size for _, size in self._sent) / WINDOW

    def _forget(self) -> None:
        oldest = self.now() - WINDOW
        while self._sent and self._sent[0][0] < oldest:
            self._sent.popleft()
