"""What a chart says beside its curve, and to screen readers. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runferry.desktop.run.figures import XAxis, value_text, x_text
from runferry.desktop.run.series import Series
from runferry.desktop.text import tr


def where(series: Series, axis: XAxis, index: int | None, smooth: Sequence[float] | None) -> str:
    """step 1,200 · ~0.231: the place of the crosshair, and the smoothed value (None: nothing is smoothed).

    Without a crosshair, what runs to the right where that is a metric: over epoch.
    """
    if index is None or index >= len(series.values):
        return tr("over {name}", name=series.own_name) if series.axis(axis) is XAxis.OWN else ""
    place = x_text(series.x(index, axis), series.axis(axis), series.own_name)
    if smooth is None or not math.isfinite(smooth[index]):
        return place
    return f"{place} · ~{value_text(smooth[index], series.unit)}"


def described(series: Series, axis: XAxis, index: int | None, part: tuple[float, float] | None) -> str:
    """The value under the crosshair, or the newest one (None); and which part is looked at."""
    at = len(series.values) - 1 if index is None else index
    value, kind = value_text(series.values[at], series.unit), series.axis(axis)
    place = x_text(series.x(at, axis), kind, series.own_name)
    said = tr("Last value {value} at {where}", value=value, where=place)
    if index is not None:
        said = tr("{value} at {where}", value=value, where=place)
    if part is None:
        return said
    low, high = (x_text(one, kind, series.own_name) for one in part)
    return f"{said}. " + tr("Shown from {low} to {high}", low=low, high=high)


def why_empty(series: Series, is_part: bool) -> str:
    """Why there is no curve."""
    if not series.values:
        return tr("No values yet")
    if is_part:
        return tr("No values in this part")
    if any(map(math.isfinite, series.values)):
        return tr("Nothing above zero to show on a logarithmic scale")
    return tr("No finite values")
