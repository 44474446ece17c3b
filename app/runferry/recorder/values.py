"""Turns what a training script holds into plain values: None, bool, int, float, str, list and dict with text keys.

Numbers of numpy, torch, jax, tensorflow, decimal and fractions are taken without importing those packages. It must
never raise, and must end: what nothing fits, what gives itself and what has no end is kept as text and told to the
caller's `faults`.
"""

from __future__ import annotations

import sys
from itertools import islice
from typing import Any, Callable, Iterable, Mapping

from runferry.recorder.arrays import is_array, plain_array
from runferry.recorder.faults import Faults

DEEPEST = 60
MOST_ELEMENTS = 2_000_000
"""Of one value, nested ones included: a list in which lists stand several times grows without end when written out."""
MOST_OF_ITERATOR = 100_000
MOST_KEYS = 1_000_000
LONGEST_TEXT_OF_OBJECT = 10_000
SCALARS = frozenset((float, int, bool, str))
"""Types that are taken as they are. Exact types: a subclass may say something else."""


class TooMuch(Exception):
    """A value has no end, or more elements than a log can take."""


def plain_row(data: Any, faults: Faults) -> dict[str, Any] | None:
    """The metrics of one `log` call as a new plain dict; for anything but a mapping None, and a note."""
    if not isinstance(data, Mapping):
        kind = type(data).__name__
        faults.note("not-a-mapping", f"log() takes a dict of metrics, not {kind}; nothing was recorded")
        return None
    items = list(islice(data.items(), MOST_KEYS + 1))
    if len(items) > MOST_KEYS:
        faults.note("too-many-metrics", f"log() was given more than {MOST_KEYS} metrics; the rest was left out")
    # Each value has a limit of its own: what is wrong with one costs that one.
    return {
        key_text(key): value if type(value) in SCALARS else plain(value, faults) for key, value in items[:MOST_KEYS]
    }


def plain(value: Any, faults: Faults, histograms: bool = True) -> Any:
    """One value; arrays of more than 32 elements become histograms, or lists when `histograms` is False.

    An enum's member is its value in rows and summary, its name in configs (`histograms` False), as W&B has it.
    """
    try:
        return _Walk(faults, histograms).plain(value, 0)
    except TooMuch:
        return _as_text(value, faults, "more elements than can be recorded", whole=False)


class _Walk:
    """The way through one value. Raises nothing but TooMuch."""

    __slots__ = ("_faults", "_histograms", "_left")

    def __init__(self, faults: Faults, histograms: bool) -> None:
        self._faults = faults
        self._histograms = histograms
        self._left = MOST_ELEMENTS

    def plain(self, value: Any, depth: int) -> Any:
        """The plain form of what stands `depth` levels below the value."""
        kind = type(value)
        if value is None or kind in SCALARS:
            return value
        if depth > DEEPEST:
            return _as_text(value, self._faults, "nested too deep", whole=False)
        try:
            if isinstance(value, dict):
                return self._dict(value, depth)
            if kind is list or kind is tuple:
                return self._list(value, depth)
            return self._other(value, depth)
        except TooMuch:
            raise
        except Exception as problem:  # noqa: BLE001 - foreign objects do as they like when asked for their value
            return _as_text(value, self._faults, f"{type(problem).__name__}")

    def _taken(self, elements: Iterable[Any], most: int = MOST_ELEMENTS) -> list[Any]:
        """The elements, which may have no end."""
        most = min(most, self._left)
        taken = list(islice(elements, most + 1))
        if len(taken) > most:
            raise TooMuch
        self._left -= len(taken)
        return taken

    def _dict(self, data: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        return {key_text(key): self.plain(value, depth + 1) for key, value in self._taken(data.items())}

    def _list(self, elements: Iterable[Any], depth: int, most: int = MOST_ELEMENTS) -> list[Any]:
        return [self.plain(one, depth + 1) for one in self._taken(elements, most)]

    def _other(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if is_array(value):
            return self.plain(plain_array(value, self._histograms), depth + 1)
        if _is_enum(value):
            return self.plain(value.value if self._histograms else str(value.name), depth + 1)
        taken = _by_class(value)
        if taken is not None:
            return taken(value)
        if isinstance(value, Mapping):
            return self._dict(value, depth)
        if isinstance(value, (set, frozenset)):
            return self._list(_in_order(self._taken(value)), depth)
        most = _most_elements(value)
        if most:
            return self._list(value, depth, most)
        fields = getattr(kind, "__dataclass_fields__", None)
        if fields is not None:
            return self._dict({name: getattr(value, name, None) for name in fields}, depth)
        number = _number(value)
        if number is not None:
            return number
        if isinstance(value, type) or callable(value):
            return _dotted(value)
        return _as_text(value, self._faults, "no number, text, list or dict")


def _most_elements(value: Any) -> int:
    """How many elements are taken of something that is like a list; 0: it is not."""
    kind = type(value)
    if isinstance(value, (list, tuple, range)) or kind.__name__ in _LISTS:
        return MOST_ELEMENTS
    # Generators, map, zip: taken out, as W&B does.
    return MOST_OF_ITERATOR if kind.__module__ == "builtins" and hasattr(kind, "__next__") else 0


_LISTS = frozenset(("dict_keys", "dict_values", "dict_items", "deque", "array"))


def key_text(key: Any) -> str:
    """A dict's key, as W&B writes those that are no text."""
    if type(key) is str:
        return key
    try:
        if isinstance(key, str):
            return str.__str__(key)
        if type(key) is bool:
            return "true" if key else "false"
        if type(key) is tuple:
            return ",".join([_exactly(one) for one in key])
        return _exactly(key)
    except Exception:  # noqa: BLE001 - a broken __str__ of the script's own class
        return f"<{type(key).__name__}>"


def _by_class(value: Any) -> Callable[[Any], Any] | None:
    """How values of the standard library's classes, and of classes derived from the basic ones, are taken.

    Asked of the class, not of the object: mock objects and proxies have every attribute that one asks for.
    """
    kind = type(value)
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
    if isinstance(value, complex):
        return lambda one: str(complex(one)).strip("()")
    if hasattr(kind, "isoformat"):
        return lambda one: _exactly(one.isoformat())
    if hasattr(kind, "total_seconds"):
        return lambda one: float(one.total_seconds())
    if hasattr(kind, "__fspath__"):
        return lambda one: _text(one.__fspath__())
    return None


def _is_enum(value: Any) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(value, enum.Enum)


def _in_order(elements: list[Any]) -> list[Any]:
    """A set's elements in a stable order, so that two runs with one config show one config."""
    try:
        return sorted(elements)
    except TypeError:
        return sorted(elements, key=repr)


def _number(value: Any) -> Any:
    """A number out of anything that is one: Decimal, Fraction, numpy's and jax' scalars; None when it is none."""
    kind = type(value)
    if hasattr(kind, "__index__"):
        return int(value.__index__())
    if hasattr(kind, "__float__"):
        return float(value)
    return None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else _exactly(value)


def _exactly(value: Any) -> str:
    """`str(value)`, which may give an object of a class that is derived from str and says something else."""
    return str.__str__(str(value))


def _dotted(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__qualname__
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def _as_text(value: Any, faults: Faults, why: str, whole: bool = True) -> str:
    """What is recorded of an object that is no value: its text, or only its class where the text has no end."""
    name = type(value).__name__
    faults.note("value-as-text", f"a value of type {name} was recorded as text ({why})")
    if not whole:
        return f"<{name}>"
    try:
        return _exactly(value)[:LONGEST_TEXT_OF_OBJECT]
    except Exception:  # noqa: BLE001 - a broken __str__ of the script's own class
        return f"<{name}>"
