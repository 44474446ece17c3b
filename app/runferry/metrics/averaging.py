"""Means over a window of measurements, as W&B made them: rates and levels are averaged, counters keep their last."""

from __future__ import annotations

from collections.abc import Mapping

from runferry.metrics.sample import RATE, is_counter


class Averager:
    """Collects measurements of one run. `window`: how many make a row; 1: no averaging."""

    def __init__(self, window: int, first: int = 1) -> None:
        self._window = max(window, 1)
        self._target = min(max(first, 1), self._window)  # the first row comes early: people wait for it
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._last: dict[str, float] = {}
        self._size = 0

    def add(self, values: Mapping[str, float]) -> dict[str, float] | None:
        """One measurement; gives the means when the window is full."""
        self._size += 1
        for name, value in values.items():
            if name.startswith(RATE) or value != value:
                continue
            if is_counter(name):
                self._last[name] = value
            else:
                self._sums[name] = self._sums.get(name, 0.0) + value
                self._counts[name] = self._counts.get(name, 0) + 1
        return self.take() if self._size >= self._target else None

    def take(self) -> dict[str, float] | None:
        """The means of what was collected; None when that is nothing. Afterwards the window is empty."""
        if not self._size:
            return None
        found = {name: total / self._counts[name] for name, total in self._sums.items()} | self._last
        self._target = self._window
        self.clear()
        return found or None

    def clear(self) -> None:
        """Forget what was collected: the machine slept in between."""
        self._sums, self._counts, self._last, self._size = {}, {}, {}, 0
