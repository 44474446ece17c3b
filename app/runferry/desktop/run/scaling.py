"""From values to the unit square of a plot: what range is shown, and where each point lies in it. numpy, no Qt.

Drawing in 0 to 1 keeps tiny ranges on huge numbers exact, and nothing that was logged can break the view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runferry.desktop.run.zoom import CLOSEST, Range

Array = NDArray[np.float64]
_ABOVE, _BELOW = 0.06, 0.06  # of the height: room for the curve's width
_AHEAD = 0.015  # of the width: room for the dot at the end
_HUGE, _TINY = 1e300, 1e-290


@dataclass(frozen=True)
class Scaled:
    """A curve ready to be drawn. `x`, `raw`, `smooth` in 0 to 1, gaps as NaN; ranges in the units of the axes.

    On a log scale the y range is in decimal logarithms. `lone`: indexes of points between two gaps. `whole`: the x
    range of everything; where only a part is shown, points beyond it are gaps, but for those that a line leads to.
    """

    x: Array
    raw: Array
    smooth: Array
    x_range: Range
    y_range: Range
    lone: NDArray[np.intp]
    whole: Range

    @property
    def empty(self) -> bool:
        """Whether nothing can be drawn."""
        return not bool(np.isfinite(self.raw).any())


def scaled(
    x: Sequence[float], raw: Sequence[float], smooth: Sequence[float], log: bool, part: Range | None = None
) -> Scaled:
    """Place equally long columns. What is not finite, and on a log scale what is not above zero, is a gap.

    part: the x range to be looked at; None: all.
    """
    along, rough, even = (_finite(one) for one in (x, raw, smooth))
    if log:
        rough, even = _logarithm(rough), _logarithm(even)
    rough = np.where(np.isfinite(along), rough, np.nan)
    whole = x_range = _range(along[np.isfinite(rough)], 0.0, _AHEAD)
    if part is not None:
        x_range, seen = part, _seen(along, rough, part)
        rough, even = np.where(seen, rough, np.nan), np.where(seen, even, np.nan)
    y_range = _range(rough[np.isfinite(rough)], _BELOW, _ABOVE)
    beyond = 0.0 if part is None else 1 / CLOSEST
    across = _unit(along, x_range, beyond)
    return Scaled(across, _unit(rough, y_range), _unit(even, y_range), x_range, y_range, _lone(rough), whole)


def thinned(x: Array, y: Array, columns: int) -> tuple[Array, Array]:
    """At most two points for each of `columns`: the lowest and the highest, so that no peak is lost; gaps stay gaps.

    Drawing more points than there are pixels costs much and shows nothing. Where x runs back, or holds gaps, all points
    are kept.
    """
    if len(x) <= 3 * columns or not bool((np.diff(x) >= 0).all()):
        return x, y
    column = np.minimum((x * columns).astype(np.intp), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(x)) - 1
    low, high = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    falls = y[starts] > y[ends]
    thin = np.empty(2 * len(starts))
    thin[0::2], thin[1::2] = np.where(falls, high, low), np.where(falls, low, high)
    along = np.empty(2 * len(starts))
    along[0::2], along[1::2] = x[starts], x[ends]
    return along, thin


def _finite(values: Sequence[float]) -> Array:
    found = np.array(values, dtype=np.float64)
    found[~np.isfinite(found)] = np.nan
    return np.clip(found, -_HUGE, _HUGE)


def _logarithm(values: Array) -> Array:
    above = np.where(values > 0, values, np.nan)
    return np.log10(above)


def _range(values: Array, before: float, beyond: float) -> Range:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if high - low < _TINY:
        # One value alone lies in the middle.
        half = abs(low) * 0.1 if abs(low) > _TINY else 0.5
        return low - half, high + half
    return low - (high - low) * before, high + (high - low) * beyond


def _unit(values: Array, within: Range, beyond: float = 0.0) -> Array:
    # A gap may lie far outside of what is drawn.
    low, high = within
    room = (high - low) * beyond
    found: Array = (np.clip(values, low - room, high + room) - low) / (high - low)
    return found


def _seen(along: Array, rough: Array, part: Range) -> NDArray[np.bool_]:
    """Points within a part, and those beyond it that a line from within, or across it, leads to."""
    there = np.flatnonzero(np.isfinite(rough))
    seen = np.zeros(len(along), dtype=bool)
    x = along[there]
    seen[there] = (x >= part[0]) & (x <= part[1])
    if len(there) > 1:
        crosses = (np.minimum(x[:-1], x[1:]) <= part[1]) & (np.maximum(x[:-1], x[1:]) >= part[0])
        joined = np.diff(there) == 1
        seen[there[:-1][crosses & joined]] = True
        seen[there[1:][crosses & joined]] = True
    return seen


def _lone(values: Array) -> NDArray[np.intp]:
    there = np.isfinite(values)
    before = np.concatenate(([False], there[:-1]))
    after = np.concatenate((there[1:], [False]))
    return np.flatnonzero(there & ~before & ~after)
