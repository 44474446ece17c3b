"""The last hour of values, for live curves: a ring of numbers per name, small enough to be kept for every run."""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Mapping

STEP = 5.0  # seconds between two points
LENGTH = 720  # points: an hour


class Series:
    """Written by one thread, read by any. Times are seconds since the epoch; a value that was missing is NaN."""

    def __init__(self, step: float = STEP, length: int = LENGTH) -> None:
        self._step, self._length = step, length
        self._lock = threading.Lock()
        self._times = array("d")
        self._columns: dict[str, array[float]] = {}
        self._at: float | None = None  # when the last point was made, by the clock that never jumps

    def add(self, now: float, time: float, values: Mapping[str, float]) -> None:
        """A measurement; those that come sooner than a step after the last point are left out. now: monotonic."""
        if self._at is not None and now - self._at < self._step * 0.9:
            return
        self._at = now
        with self._lock:
            count = len(self._times)
            self._times.append(time)
            for name in values:
                if name not in self._columns:
                    self._columns[name] = array("d", [math.nan]) * count
            for name, column in self._columns.items():
                column.append(values.get(name, math.nan))
            if count >= self._length:
                del self._times[0]
                for column in self._columns.values():
                    del column[0]

    def columns(self) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
        """By name: times and values."""
        with self._lock:
            times = tuple(self._times)
            return {name: (times, tuple(column)) for name, column in self._columns.items()}
