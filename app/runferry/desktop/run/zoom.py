"""Which part of the x axis is looked at: closer, wider, to the side; None is all of it. Numbers only, no Qt.

Ranges are in the units of the axis. Nothing leads out of what there is, nor so close that numbers lose their sense.
"""

from __future__ import annotations

Range = tuple[float, float]

CLOSEST = 1e-4
"""The smallest part of the whole width that is ever looked at."""
STEP = 0.5  # of the width that is left by one press of a key, or one notch of the wheel
MOVE = 0.25  # of the width, to the side
LEAST_DRAG = 0.02  # of the width: less was a click


def cut(whole: Range, low: float, high: float) -> Range | None:
    """This part, as far as there is anything; None where that is (nearly) all."""
    width = whole[1] - whole[0]
    room = max(abs(high - low), width * CLOSEST)
    if room >= width * 0.999:
        return None
    first = min(max((low + high - room) / 2, whole[0]), whole[1] - room)
    return first, first + room


def closer(whole: Range, now: Range, factor: float, at: float) -> Range | None:
    """A part that is `factor` as wide (above 1: wider); what is at `at` stays where it is."""
    return cut(whole, at - (at - now[0]) * factor, at + (now[1] - at) * factor)


def moved(whole: Range, now: Range, by: float) -> Range | None:
    """The same width further to the right, by this part of it; to the left where negative. Stops at the ends."""
    width = now[1] - now[0]
    low = min(max(now[0] + by * width, whole[0]), whole[1] - width)
    return cut(whole, low, low + width)


def revealed(whole: Range, now: Range, x: float) -> Range | None:
    """Moved just so far that x is in it."""
    if now[0] <= x <= now[1]:
        return now
    by = (x - now[0] if x < now[0] else x - now[1]) / (now[1] - now[0])
    return moved(whole, now, by)
