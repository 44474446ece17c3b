"""TensorBoard's smoothing of curves: an exponential moving average whose start is not drawn towards zero.

Its scalar charts start the average at 0 and divide by 1 - weight^n, n being the number of finite values so far. What is
not finite stays as it is and does not count; a series of one single value stays as it is, free of rounding noise.
No Qt and no numpy: loading numpy costs more than it would win for 4,000 points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST = 0.99
"""The strongest smoothing that the window offers."""
_NO_BIAS = 2.0**-60  # 1 minus less than this is 1


def smoothed(values: Sequence[float], weight: float) -> Sequence[float]:
    """The smoothed curve, as long as `values`. `weight`: 0 (none) to 1, clipped as TensorBoard does."""
    weight = max(0.0, min(weight, 1.0)) if math.isfinite(weight) else 0.0
    if weight == 0 or _is_constant(values):
        return values
    found: list[float] = []
    add, finite, share = found.append, math.isfinite, 1 - weight
    last, power = 0.0, 1.0
    count = 0
    for value in values:
        if not finite(value):
            add(value)
            continue
        last = last * weight + share * value
        count += 1
        # Once the bias is below what a double can hold, there is nothing to divide by any more.
        if power > _NO_BIAS and weight < 1:
            power = weight**count
            add(last / (1 - power))
        else:
            add(last)
    return found


def _is_constant(values: Sequence[float]) -> bool:
    first = values[0] if len(values) else 0.0
    return all(value == first for value in values)
