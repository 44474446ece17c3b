"""Turns what a training script holds into plain values: None, bool, int, float, str, list and dict with text keys.

Numbers of numpy, torch, jax, tensorflow, decimal and fractions are taken without importing those packages. It must
never raise: what nothing fits is kept as text and told to the caller's `faults`.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Mapping

from runferry.recorder.arrays import is_array, plain_array
from runferry.recorder.faults import Faults

DEEPEST = 60
LONGEST_TEXT_OF_OBJECT = 10_000
SCALARS = frozenset((float, int, bool, str))
"""Types that are taken as they are. Exact types: a subclass may say something else."""


def plain_row(data: Any, faults: Faults) -> dict[str, Any]:
    """The metrics of one `log` call as a new plain dict; anything but a mapping gives an empty one, and a note."""
    if not isinstance(data, Mapping):
        kind = type(data).__name__
        faults.note("not-a-mapping", f"log() takes a dict of metrics, not {kind}; nothing was recorded")
        return {}
    return _plain_dict(data, faults, 0, True)


def plain(value: Any, faults: Faults, histograms: bool = True) -> Any:
    """One value; arrays of more than 32 elements become histograms, or lists when `histograms` is False."""
    return _plain(value, faults, 0, histograms)


def _plain_dict(data: Mapping[Any, Any], faults: Faults, depth: int, histograms: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in list(data.items()):
        if type(key) is not str:
            key = _key(key)
        out[key] = value if type(value) in SCALARS else _plain(value, faults, depth + 1, histograms)
    return out


def _key(key: Any) -> str:
    try:
        return str.__str__(key) if isinstance(key, str) else str(key)
    except Exception:  # noqa: BLE001 - a broken __str__ of the script's own class
        return f"<{type(key).__name__}>"


def _plain(value: Any, faults: Faults, depth: int, histograms: bool) -> Any:
    kind = type(value)
    if value is None or kind in SCALARS:
        return value
    if depth > DEEPEST:
        return _as_text(value, faults, "nested too deep")
    try:
        if isinstance(value, dict):
            return _plain_dict(value, faults, depth, histograms)
        if kind is list or kind is tuple:
            return [_plain(one, faults, depth + 1, histograms) for one in value]
        return _other(value, faults, depth, histograms)
    except Exception as problem:  # noqa: BLE001 - foreign objects do as they like when asked for their value
        return _as_text(value, faults, f"{type(problem).__name__}")


def _other(value: Any, faults: Faults, depth: int, histograms: bool) -> Any:
    if is_array(value):
        return _plain(plain_array(value, histograms), faults, depth + 1, histograms)
    found = _by_class(value)
    if found is not None:
        return found(value)
    if isinstance(value, Mapping):
        return _plain_dict(value, faults, depth, histograms)
    if isinstance(value, (list, tuple, set, frozenset, range)) or _is_iterable_view(value):
        return [_plain(one, faults, depth + 1, histograms) for one in _in_order(value)]
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is not None:
        own = {name: getattr(value, name, None) for name in fields}
        return _plain_dict(own, faults, depth, histograms)
    number = _number(value)
    if number is not None:
        return number
    if isinstance(value, type) or callable(value):
        return _dotted(value)
    return _as_text(value, faults, "no number, text, list or dict")


def _by_class(value: Any) -> Callable[[Any], Any] | None:
    """How values of the standard library's classes, and of classes derived from the basic ones, are taken."""
    if _is_enum(value):
        return lambda one: str(one.name)
    if isinstance(value, bool):
        return bool
    if isinstance(value, str):
        return str.__str__
    if isinstance(value, int):
        return int.__int__
    if isinstance(value, float):
        return float.__float__
    if isinstance(value, (bytes, bytearray, memoryview)):
        return lambda one: bytes(one).decode("utf-8", "replace")
    if hasattr(value, "isoformat"):
        return lambda one: str(one.isoformat())
    if hasattr(value, "total_seconds"):
        return lambda one: float(one.total_seconds())
    if hasattr(type(value), "__fspath__"):
        return lambda one: _text(one.__fspath__())
    return None


def _is_enum(value: Any) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(value, enum.Enum)


def _is_iterable_view(value: Any) -> bool:
    return type(value).__name__ in ("dict_keys", "dict_values", "dict_items", "deque")


def _in_order(value: Any) -> Any:
    """Sets in a stable order, so that two runs with one config show one config."""
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return sorted(value, key=repr)
    return list(value)


def _number(value: Any) -> Any:
    """A number out of anything that is one: Decimal, Fraction, numpy's and jax' scalars; None when it is none."""
    kind = type(value)
    if hasattr(kind, "__index__"):
        return int(value.__index__())
    if isinstance(value, complex):
        return None
    if hasattr(kind, "__float__"):
        return float(value)
    return None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _dotted(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__qualname__
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def _as_text(value: Any, faults: Faults, why: str) -> str:
    name = type(value).__name__
    faults.note("value-as-text", f"a value of type {name} was recorded as text ({why})")
    if why == "nested too deep":
        return f"<{name}>"
    try:
        return str(value)[:LONGEST_TEXT_OF_OBJECT]
    except Exception:  # noqa: BLE001 - a broken __str__ of the script's own class
        return f"<{name}>"
