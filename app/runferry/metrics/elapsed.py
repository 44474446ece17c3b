"""Time between two measurements, and whether it can be trusted: a suspended machine measures nothing meanwhile."""

from __future__ import annotations

import time
from typing import Protocol

LARGEST_JUMP = 2.0  # seconds by which the clocks may differ, for NTP and a busy machine
_LATE = 5  # intervals


class Clocks(Protocol):
    """The three clocks."""

    def time(self) -> float:
        """Seconds since the epoch; people and NTP set it."""

    def monotonic(self) -> float:
        """Seconds that never jump; on Linux it stands still while the machine sleeps."""

    def running(self) -> float:
        """Seconds that never jump and go on while the machine sleeps; `monotonic` where there is no such clock."""


class SystemClocks:
    """The machine's."""

    def time(self) -> float:
        """See Clocks."""
        return time.time()

    def monotonic(self) -> float:
        """See Clocks."""
        return time.monotonic()

    def running(self) -> float:
        """See Clocks."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()


class Elapsed:
    """Gives the seconds since the last call, or None when values of then and now must not be compared."""

    def __init__(self, clocks: Clocks, interval: float) -> None:
        self._clocks = clocks
        self._longest = _LATE * interval + LARGEST_JUMP
        self._last: tuple[float, float] | None = None

    def lap(self) -> float | None:
        """Seconds since the last call; None at the first one, after a sleep, and after a long pause."""
        now = (self._clocks.monotonic(), self._clocks.running())
        last, self._last = self._last, now
        if last is None:
            return None
        awake, passed = now[0] - last[0], now[1] - last[1]
        if passed - awake > LARGEST_JUMP or passed > self._longest or awake <= 0.0:
            return None
        return awake
