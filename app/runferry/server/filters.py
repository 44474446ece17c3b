"""Filters and orders of run lists: the part of MongoDB's query language that W&B's API documents.

Works on plain values that a function fetches by dotted name; unknown operators are refused instead of ignored. All
regular expressions of one request share one limit of time.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from runferry.server.patterns import PatternRefusedError, Patterns
from runferry.server.record import iso
from runferry.server.run_folder import RunFolder
from runferry.server.views import RequestRefusedError

_MISSING = object()
_MAX_DEPTH = 20
_MAX_PARTS = 50  # of a dotted name
Fetch = Callable[[str], Any]


def parse_filters(text: str | None) -> dict[str, Any]:
    """The filter document. Raises `RequestRefusedError`."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise RequestRefusedError("the filters are no JSON") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestRefusedError("the filters are no JSON object")
    return value


def matches(condition: Any, fetch: Fetch, patterns: Patterns, depth: int = 0) -> bool:
    """Whether what `fetch` tells fulfils the filter document."""
    if depth > _MAX_DEPTH or not isinstance(condition, dict):
        raise RequestRefusedError("the filters are malformed")
    return all(_holds(key, one, fetch, patterns, depth) for key, one in condition.items())


def _holds(key: str, wanted: Any, fetch: Fetch, patterns: Patterns, depth: int) -> bool:
    if key in ("$and", "$or", "$nor"):
        if not isinstance(wanted, list):
            raise RequestRefusedError(f"{key} needs a list")
        parts = (matches(one, fetch, patterns, depth + 1) for one in wanted)
        return all(parts) if key == "$and" else any(parts) == (key == "$or")
    if key == "$not":
        return not matches(wanted, fetch, patterns, depth + 1)
    if key.startswith("$"):
        raise RequestRefusedError(f"the operator {key} is not supported")
    return _compare(fetch(key), wanted, patterns, depth)


def _compare(value: Any, wanted: Any, patterns: Patterns, depth: int) -> bool:
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        if depth > _MAX_DEPTH:
            raise RequestRefusedError("the filters are malformed")
        return all(_operate(value, name, one, patterns, depth) for name, one in wanted.items())
    return _equal(value, wanted)


def _equal(value: Any, wanted: Any) -> bool:
    if value is _MISSING:
        return wanted is None
    if isinstance(value, list) and not isinstance(wanted, list):
        return wanted in value
    return bool(value == wanted)


def _operate(value: Any, name: str, wanted: Any, patterns: Patterns, depth: int) -> bool:
    if name == "$eq":
        return _equal(value, wanted)
    if name == "$ne":
        return not _equal(value, wanted)
    if name in ("$in", "$nin"):
        if not isinstance(wanted, list):
            raise RequestRefusedError(f"{name} needs a list")
        return any(_equal(value, one) for one in wanted) == (name == "$in")
    if name == "$exists":
        return (value is not _MISSING) == bool(wanted)
    if name == "$not":
        return not _compare(value, wanted, patterns, depth + 1)
    if name == "$regex":
        return _search(value, wanted, patterns)
    return _order(value, name, wanted)


def _search(value: Any, pattern: Any, patterns: Patterns) -> bool:
    values = value if isinstance(value, list) else [value]
    try:
        return any(isinstance(one, str) and patterns.found(str(pattern), one) for one in values)
    except PatternRefusedError as error:
        raise RequestRefusedError(str(error)) from error


def _order(value: Any, name: str, wanted: Any) -> bool:
    numbers = isinstance(value, (int, float)) and isinstance(wanted, (int, float))
    if not numbers and not (isinstance(value, str) and isinstance(wanted, str)):
        if name not in ("$gt", "$gte", "$lt", "$lte"):
            raise RequestRefusedError(f"the operator {name} is not supported")
        return False
    if name == "$gt":
        return bool(value > wanted)
    if name == "$gte":
        return bool(value >= wanted)
    if name == "$lt":
        return bool(value < wanted)
    if name == "$lte":
        return bool(value <= wanted)
    raise RequestRefusedError(f"the operator {name} is not supported")


# Runs


def _inside(value: Any, path: str) -> Any:
    """The value under a dotted path; keys may hold dots themselves, so the longest key that fits is tried first."""
    if not path:
        return value
    if not isinstance(value, dict):
        return _MISSING
    parts = path.split(".")
    if len(parts) > _MAX_PARTS:
        raise RequestRefusedError("the name has too many parts")
    for end in range(len(parts), 0, -1):
        head = ".".join(parts[:end])
        if head in value:
            found = _inside(value[head], ".".join(parts[end:]))
            if found is not _MISSING:
                return found
    return _MISSING


def run_value(folder: RunFolder, now: float, key: str) -> Any:
    """What a filter or an order means by `key`."""
    record = folder.record
    head, _, rest = key.partition(".")
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", head).lower()
    if name == "config":
        found = _inside(record.config, rest)
        if found is _MISSING or rest.split(".")[-1] != "value":
            first, _, inner = rest.partition(".")
            wrapped = _inside(record.config, f"{first}.value.{inner}" if inner else f"{first}.value")
            found = _inside(record.config, f"{rest}.value") if wrapped is _MISSING else wrapped
            return _inside(record.config, rest) if found is _MISSING else found
        return found
    if name in ("summary_metrics", "summary"):
        return _inside(folder.summary(), rest)
    simple: dict[str, Callable[[], Any]] = {
        "name": lambda: record.name,
        "display_name": lambda: record.display_name,
        "state": lambda: record.state_at(now, folder.heartbeat()).value,
        "tags": lambda: list(record.tags),
        "group": lambda: record.group,
        "group_name": lambda: record.group,
        "job_type": lambda: record.job_type,
        "host": lambda: record.host,
        "notes": lambda: record.notes,
        "description": lambda: record.description,
        "sweep": lambda: record.sweep,
        "username": lambda: "local",
        "created_at": lambda: iso(record.created),
        "heartbeat_at": lambda: iso(folder.heartbeat()),
        "updated_at": lambda: iso(folder.heartbeat()),
    }
    return simple[name]() if name in simple else _MISSING


def select(folders: Iterable[RunFolder], filters: str | None, now: float) -> list[RunFolder]:
    """The runs that fulfil the filters, in the order given."""
    condition = parse_filters(filters)
    patterns = Patterns()
    return [one for one in folders if matches(condition, functools.partial(run_value, one, now), patterns)]


def arrange(folders: list[RunFolder], order: str | None, now: float) -> list[RunFolder]:
    """Sorted by ``+key`` or ``-key``; runs without the value come last. Input is oldest first."""
    order = order or "+created_at"
    key = order.lstrip("+-")
    descending = order.startswith("-")
    if key in ("created_at", "createdAt"):
        return folders[::-1] if descending else folders

    def weight(value: Any) -> tuple[int, float, str]:
        if isinstance(value, (int, float)):
            return 0, float(value), ""
        return (1, 0.0, str(value))

    valued = [(run_value(one, now, key), one) for one in folders]
    present = [pair for pair in valued if pair[0] is not _MISSING and pair[0] is not None]
    absent = [one for value, one in valued if value is _MISSING or value is None]
    present.sort(key=lambda pair: weight(pair[0]), reverse=descending)
    return [one for _, one in present] + absent
