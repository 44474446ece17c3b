"""Times, sizes and counts as people read them. The exact time belongs into a tooltip."""

from __future__ import annotations

import math
from datetime import datetime

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEPS = ((60, "s"), (3600, "min"), (86400, "h"), (7 * 86400, "d"), (365 * 86400, "w"))
_DIVISORS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def count(number: int) -> str:
    """12,400"""
    return f"{number:,}"


def size(number: float) -> str:
    """Bytes, in steps of 1,000: 648 kB, 1.2 GB."""
    for unit in _UNITS:
        if number < 999.5 or unit == _UNITS[-1]:
            return f"{number:.1f} {unit}" if number < 9.95 and unit != "B" else f"{number:.0f} {unit}"
        number /= 1000
    raise AssertionError


def rate(per_second: float) -> str:
    """310 kB/s"""
    return f"{size(per_second)}/s"


def ago(then: float | None, now: float) -> str:
    """Relative to now: now, 2 min, 1 h, 6 y; empty where nothing is known. Both in seconds since the epoch."""
    if then is None:
        return ""
    past = now - then
    if past < 5:
        return "now"
    for limit, unit in _STEPS:
        if past < limit:
            return f"{past // _DIVISORS[unit]:.0f} {unit}"
    return f"{past // (365 * 86400):.0f} y"


def exact(then: float | None) -> str:
    """Date and time of this place."""
    return datetime.fromtimestamp(then).astimezone().strftime("%Y-%m-%d %H:%M:%S") if then else ""


def moment(then: float, now: float) -> str:
    """A time to come: 14:30; with its date where it is far off. Both: seconds since the epoch."""
    return clock(then)[:5] if then - now < 12 * 3600 else exact(then)[:16]


def clock(then: float) -> str:
    """The time of day."""
    return datetime.fromtimestamp(then).astimezone().strftime("%H:%M:%S")


def countdown(seconds: float) -> str:
    """0:42, 1:02:05; never negative."""
    left = max(0, math.ceil(seconds))
    hours, minutes = left // 3600, left // 60 % 60
    return f"{hours}:{minutes:02}:{left % 60:02}" if hours else f"{minutes}:{left % 60:02}"


def duration(seconds: float) -> str:
    """How long something took: 4 ms, 0.02 s, 12.4 s, 3 min, 5 h."""
    if seconds < 0.01:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
