"""Numbers of curves as people read them, and where the marks of an axis stand. No Qt."""

from __future__ import annotations

import math
from datetime import datetime
from enum import Enum

from runferry.desktop.look import amounts


class XAxis(Enum):
    """What runs to the right. OWN: the metric that a run has named as a metric's own steps; where it has none, STEP."""

    OWN = "own"
    STEP = "step"
    RELATIVE = "relative"
    WALL = "wall"


Mark = tuple[float, str]
"""Where, in the units of the axis, and what is written there."""

_SECONDS = (1, 2, 5, 10, 15, 30)
_TIMES = (
    *_SECONDS,
    *(60 * one for one in _SECONDS),
    *(3600 * one for one in (1, 2, 3, 6, 12)),
    *(86400 * one for one in (1, 2, 7, 14, 28, 91, 182, 364)),
)


def value_text(value: float, unit: str = "") -> str:
    """Four significant digits: 0.04321, 12,350, 1.2e-07; NaN and infinities by their names."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "B":
        return ("-" if value < 0 else "") + amounts.size(abs(value))
    text = _digits(value)
    return f"{text}{'' if unit in ('%', '°') else ' '}{unit}" if unit else text


def _digits(value: float) -> str:
    size = abs(value)
    if value == 0:
        return "0"
    if value == int(value) and size < 1e7:
        return f"{int(value):,}"
    if 1e-4 <= size < 1e7:
        decimals = max(0, 3 - math.floor(math.log10(size)))
        text = f"{value:,.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def x_text(x: float, axis: XAxis, own: str = "") -> str:
    """The place on the x axis in words: step 12,400; epoch 3; 5 min 20 s; a date and time. own: the axis's name."""
    if axis is XAxis.OWN:
        return f"{own} {value_text(x)}"
    if axis is XAxis.STEP:
        return f"step {value_text(x)}"
    return amounts.exact(x) if axis is XAxis.WALL else span_text(x)


def span_text(seconds: float) -> str:
    """A span of time in its two largest units: 12 s, 5 min 20 s, 2 d 3 h."""
    left = round(abs(seconds))
    sign = "-" if seconds < 0 and left else ""
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if left >= size or (size == 1 and not parts):
            parts.append(f"{left // size} {unit}")
            left %= size
        elif parts:
            parts.append("")
    return sign + " ".join(part for part in parts[:2] if part)


def value_marks(low: float, high: float, most: int, unit: str = "") -> list[Mark]:
    """At most `most` round values from `low` to `high`; steps of 1, 2 or 5."""
    if unit == "B":
        return [(one, value_text(one, "B")) for one in _steps(low, high, most)]
    found = _steps(low, high, most)
    return list(zip(found, _texts(found, unit), strict=True))


def log_marks(low: float, high: float, most: int, unit: str = "") -> list[Mark]:
    """The same on a log scale: `low`, `high` and the marks' places are decimal logarithms."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    decades = range(first, last + 1)
    if len(decades) >= 2:
        every = -(-len(decades) // most)
        plain = unit or max(abs(first), abs(last)) <= 3
        return [
            (float(one), value_text(10.0**one, unit) if plain else f"1e{one}") for one in decades if one % every == 0
        ]
    marks = _steps(10.0**low, 10.0**high, most)
    return [(math.log10(one), value_text(one, unit)) for one in marks if one > 0]


def x_marks(low: float, high: float, most: int, axis: XAxis) -> list[Mark]:
    """Marks of the x axis."""
    if axis in (XAxis.STEP, XAxis.OWN):
        return [(one, _short(one)) for one in _steps(low, high, most, whole=axis is XAxis.STEP)]
    step = next((one for one in _TIMES if (high - low) / one <= most - 0.5), _TIMES[-1])
    offset = _offset(low) if axis is XAxis.WALL else 0.0
    first = math.ceil((low + offset) / step) * step - offset
    places = [first + index * step for index in range(max(0, int((high - first) // step) + 1))]
    places = [one for one in places if low <= one <= high][:most]
    if axis is XAxis.RELATIVE:
        return [(one, span_text(one) if one else "0") for one in places]
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else "%d %b"
    return [(one, datetime.fromtimestamp(one).astimezone().strftime(form)) for one in places]


def _offset(when: float) -> float:
    """Seconds by which this place is ahead of UTC: marks stand at its round hours and its midnight."""
    ahead = datetime.fromtimestamp(when).astimezone().utcoffset()
    return ahead.total_seconds() if ahead else 0.0


def _steps(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within the range."""
    span = high - low
    if not 1e-300 < span < math.inf or most < 1:
        return [low]
    base = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20):
        step = base * factor
        if whole and step < 1:
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [index * step for index in range(first, last + 1)]
    return [low]


def _texts(values: list[float], unit: str) -> list[str]:
    """All with as many decimals as the finest of them needs."""
    largest = max((abs(one) for one in values), default=0.0)
    if largest >= 1e5 or 0 < largest < 1e-3 or len(values) < 2:
        return [_short(one) + unit for one in values]
    gap = abs(values[1] - values[0])
    decimals = max(0, -math.floor(math.log10(gap) + 1e-9)) if gap else 0
    if decimals > 6:
        return [value_text(one, unit) for one in values]
    return [f"{one:,.{decimals}f}{unit}" for one in values]


def _short(value: float) -> str:
    """12.4k, 3M; small numbers as they are."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1e12 and abs(value) >= 1e4:
            return f"{value / size:.4g}{letter}"
    return value_text(value)
