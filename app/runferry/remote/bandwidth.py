"""A limit for what is sent per second, shared by everything that the app uploads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from runferry.at_work import made_progress
from runferry.remote.meter import Meter

_BURST = 0.25  # seconds' worth that may go at once
_SMALLEST = 1024


class Bandwidth:
    """A bucket of bytes that fills by `rate` bytes per second; 0: no limit. Any thread may call."""

    def __init__(self, rate: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._now = now
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._closed = threading.Event()

    def close(self) -> None:
        """Nobody waits any more."""
        self._closed.set()

    def portion(self, wanted: int) -> int:
        """How much of what is wanted may be read at once."""
        return wanted if self.rate <= 0 else min(wanted, max(int(self.rate * _BURST), _SMALLEST))

    def spend(self, size: int) -> None:
        """Wait until `size` bytes more may be sent."""
        if self.rate <= 0 or size <= 0:
            return
        with self._lock:
            start = max(self._free_at, self._now())
            self._free_at = start + size / self.rate
            wait = start - self._now()
        if wait > 0:
            self._closed.wait(wait)


class Limited:
    """A body that is read no faster than the limit, and is counted. `len`: its bytes, which requests asks for.

    read_at: monotonic seconds of the last read, by the meter's clock; None before the first.
    """

    def __init__(self, source: Any, size: int, limit: Bandwidth, meter: Meter) -> None:
        self._source, self.len, self._limit, self._meter = source, size, limit, meter
        self.read_at: float | None = None

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, after the wait that they cost."""
        wanted = self.len if size is None or size < 0 else size
        data: bytes = self._source.read(self._limit.portion(wanted))
        self._limit.spend(len(data))
        self.read_at = self._meter.now()
        if data:
            made_progress()
            self._meter.sent(len(data))
        return data
