"""One curve, kept small: all points at first, later the smallest and the largest of each stretch of rows.

Plain arrays of doubles, no numpy: memory stays below 100 KB per curve however long the training runs. Never drops the
newest point, and never invents one: each point that it gives was logged.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_POINTS = 4000
GROUP = 4  # points that become two when there is no more room: two stretches' smallest and largest


@dataclass(frozen=True)
class Points:
    """Equally long columns. `times`: seconds since the epoch, NaN where the row has none; `values` may be NaN.

    own: the values of the metric that is this one's x axis, NaN where none was known; empty without such a metric.
    """

    steps: array[float]
    values: array[float]
    times: array[float]
    own: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.steps)


_Point = tuple[float, float, float, float]  # step, value, time, own


class Series:
    """Collects one metric. `last`: the newest value as logged; `count`: how many were logged.

    has_own: whether it has an x axis of its own, whose values are kept too.
    """

    def __init__(self, most: int = MOST_POINTS, has_own: bool = False) -> None:
        self._most = max(most, 2 * GROUP)
        self._columns = tuple(array("d") for _ in range(4 if has_own else 3))
        self._weight = 1  # rows per stretch; each stretch of more than one gives two points
        self._open: list[_Point] = []  # smallest, largest, first and newest of the open stretch
        self._rows = 0  # in the open stretch
        self.count = 0
        self.last = math.nan

    def add(self, step: float, value: float, time: float, own: float = math.nan) -> None:
        """One more row; an infinite value becomes NaN, a gap in the curve."""
        self.count += 1
        self.last = value
        point = (step, value if math.isfinite(value) else math.nan, time, own)
        if self._weight == 1:
            self._put((point,))
        else:
            self._stretch(point)

    def points(self) -> Points:
        """A copy of what there is now, the open stretch included."""
        columns = [column[:] for column in self._columns]
        for point in self._both():
            _append(columns, point)
        if self._open and (not len(columns[0]) or columns[0][-1] != self._open[-1][0]):
            _append(columns, self._open[-1])
        return Points(*columns)

    def limit(self, most: int) -> None:
        """Keep no more points than this from now on."""
        self._most = max(most, 2 * GROUP)

    def _stretch(self, point: _Point) -> None:
        if not self._open:
            self._open = [point, point, point, point]
        else:
            smallest, largest, first, _ = self._open
            value = point[1]
            if value < smallest[1] or math.isnan(smallest[1]):
                smallest = point
            if value > largest[1] or math.isnan(largest[1]):
                largest = point
            self._open = [smallest, largest, first, point]
        self._rows += 1
        if self._rows == self._weight:
            pair = self._both()
            self._open, self._rows = [], 0
            self._put(pair)

    def _both(self) -> tuple[_Point, ...]:
        """The two points of the open stretch in the order in which they were logged."""
        if not self._open:
            return ()
        smallest, largest, first, newest = self._open
        if smallest is largest:  # all alike
            return (first,) if first is newest else (first, newest)
        return (smallest, largest) if smallest[0] <= largest[0] else (largest, smallest)

    def _put(self, points: tuple[_Point, ...]) -> None:
        for point in points:
            _append(self._columns, point)
        if len(self._columns[0]) > self._most - 3:
            self._halve()

    def _halve(self) -> None:
        """Of every four points keep the smallest and the largest; what is left over opens the next stretch."""
        values = self._columns[1]
        whole = len(values) // GROUP * GROUP
        kept: list[int] = []
        for start in range(0, whole, GROUP):
            real = [at for at in range(start, start + GROUP) if not math.isnan(values[at])]
            low = min(real, key=values.__getitem__, default=start)
            high = max(real, key=values.__getitem__, default=start)
            kept += [start, start + GROUP - 1] if low == high else sorted((low, high))
        rest = [self._point(at) for at in range(whole, len(values))]
        self._columns = tuple(array("d", (column[at] for at in kept)) for column in self._columns)
        self._weight = GROUP if self._weight == 1 else self._weight * 2
        self._open, self._rows = [], 0
        for point in rest:
            self._stretch(point)

    def _point(self, at: int) -> _Point:
        own = self._columns[3][at] if len(self._columns) > 3 else math.nan
        return self._columns[0][at], self._columns[1][at], self._columns[2][at], own


def _append(columns: Sequence[array[float]], point: _Point) -> None:
    for column, one in zip(columns, point, strict=False):  # there may be no column for the last one
        column.append(one)
