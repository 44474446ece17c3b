"""Arrays and tensors of any library as plain values, as W&B takes them: scalar, list, or histogram.

Works on what the objects themselves offer (`tolist`, `item`, `numpy`, `detach`): no library is imported; numpy's
histogram is used only where the script has loaded numpy. A tensor on a device is copied from it, which waits for it.
"""

from __future__ import annotations

import math
import sys
from itertools import islice
from typing import Any

LONGEST_LIST = 32
BINS = 32
_MOST_DIMENSIONS = 64


def is_array(value: Any) -> bool:
    """True for what has a shape and can give its elements: arrays, tensors, numpy scalars, pandas' series."""
    kind = type(value)
    return hasattr(value, "shape") and (hasattr(kind, "tolist") or hasattr(kind, "numpy") or hasattr(kind, "item"))


def plain_array(value: Any, histograms: bool) -> Any:
    """One element: the scalar; up to 32: a list; more: a histogram (or, with `histograms` False, the whole list).

    What comes back need not be plain yet, but is no object of the same type.
    """
    if hasattr(value, "detach"):  # torch: part of a graph, perhaps on a device
        value = value.detach()
    count = _count(value.shape)
    if count == 1:
        return _scalar(value)
    if count <= LONGEST_LIST or not histograms:
        return _elements(value)
    return histogram(value)


def _count(shape: Any) -> int:
    """Elements of an array of this shape; raises ValueError for what is no shape."""
    count = 1
    lengths = list(islice(iter(shape), _MOST_DIMENSIONS + 1))
    if len(lengths) > _MOST_DIMENSIONS:
        raise ValueError("more dimensions than any array has")
    for length in lengths:
        count *= int(length)
    return count


def _scalar(value: Any) -> Any:
    """The one element. What gives itself when it is asked for it (numpy's longdouble) is asked for a number."""
    if _is_masked(value):
        return None
    item = getattr(value, "item", None)
    found = item() if item is not None else _first(_elements(value))
    if type(found) is not type(value):
        return found
    kind = getattr(getattr(found, "dtype", None), "kind", "")
    return complex(found) if kind == "c" else float(found)


def _is_masked(value: Any) -> bool:
    """Whether numpy says that there is no value: its `item` would give what lies below the mask."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ma.MaskedArray) and bool(value.mask.all())


def _first(found: Any) -> Any:
    while isinstance(found, list):
        found = found[0]
    return found


def _elements(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return value.numpy().tolist()


def histogram(value: Any) -> Any:
    """W&B's histogram dict of the finite numbers in an array; the nested list itself when they are no numbers."""
    counted = _by_numpy(value)
    if counted is not None:
        return counted
    elements = _elements(value)
    numbers: list[float] = []
    try:
        _flatten(elements, numbers)
    except (TypeError, ValueError):
        return elements
    return _by_hand([one for one in numbers if math.isfinite(one)])


def _by_numpy(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    try:
        array = numpy.asarray(value.cpu() if hasattr(value, "cpu") else value)
        if array.dtype.kind not in "fiub":
            return None
        flat = array.astype("float64", copy=False).ravel()
        finite = flat[numpy.isfinite(flat)]
        counts, edges = numpy.histogram(finite, bins=BINS)
    except Exception:  # noqa: BLE001 - types that numpy does not know: counted by hand
        return None
    return _histogram(edges.tolist(), counts.tolist())


def _flatten(elements: Any, out: list[float]) -> None:
    if isinstance(elements, list):
        for one in elements:
            _flatten(one, out)
    else:
        out.append(float(elements))


def _by_hand(numbers: list[float]) -> dict[str, Any]:
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / BINS
    counts = [0] * BINS
    for one in numbers:
        counts[min(BINS - 1, int((one - low) / width))] += 1
    return _histogram([low + width * step for step in range(BINS)] + [high], counts)


def _histogram(edges: list[float], counts: list[int]) -> dict[str, Any]:
    return {"_type": "histogram", "bins": edges, "values": [int(one) for one in counts]}
