"""What is known about the rows of a history or events file beyond their number: steps and keys.

Computed from the stored lines when somebody asks, and extended by new lines later. Rows are JSON as W&B writes it, with
bare NaN and Infinity; a row that is not JSON counts as a row without keys.

Called under the run folder's lock; holds no rows, only one number per row and one entry per key.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import orjson

from runferry.server.lines import LineFile

MAX_NESTED = 100  # levels that are looked into; what lies deeper counts as one value
_STEP = re.compile(rb'"_step"\s*:\s*(-?\d{1,18})\s*[,}]')


def parse(line: bytes) -> dict[str, Any]:
    """The row as a dict; empty where the line is a hole or no JSON object."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(line)  # NaN, Infinity, numbers beyond 64 bits
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def plain(value: Any, level: int = 0) -> Any:
    """`value` for a strict JSON document: what JSON cannot say becomes text, as W&B's server does."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, (dict, list)) and level >= MAX_NESTED:
        return "…"
    if isinstance(value, dict):
        return {key: plain(one, level + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one, level + 1) for one in value]
    return value


def flatten(row: dict[str, Any], prefix: str = "", level: int = 0) -> Iterator[tuple[str, Any]]:
    """The row's leaves with dotted keys; media and other typed values count as leaves."""
    for key, value in row.items():
        if isinstance(value, dict) and value and "_type" not in value and level < MAX_NESTED:
            yield from flatten(value, f"{prefix}{key}.", level + 1)
        else:
            yield prefix + key, value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested deeper than so many levels."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inside
            for one in layer
            for inside in (one.values() if isinstance(one, dict) else one)
            if isinstance(inside, (dict, list))
        ]
        if not layer:
            return False
    return True


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "string" if value is None else "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dict):
        return str(value.get("_type", "map"))
    return "list" if isinstance(value, list) else "string"


def _step_of(line: bytes, number: int) -> int:
    if line.count(b"{") == 1:
        found = _STEP.findall(line)
        if len(found) == 1:
            return int(found[0])
    step = parse(line).get("_step")
    return step if isinstance(step, int) and -(2**62) < step < 2**62 else number


class RowIndex:
    """Steps and keys of one file."""

    def __init__(self, lines: LineFile) -> None:
        self._lines = lines
        self._generation = -1
        self._steps = array("q")
        self._sorted = True
        self._keys: dict[str, dict[str, int]] = {}
        self._keys_upto = 0

    def _refresh(self) -> None:
        self._lines.load()
        if self._generation != self._lines.generation:
            self._generation = self._lines.generation
            self._steps = array("q")
            self._sorted = True
            self._keys, self._keys_upto = {}, 0

    def _steps_now(self) -> array[int]:
        """One step per line; a line without one counts as its own number, so that every row can be reached."""
        self._refresh()
        steps = self._steps
        for line in self._lines.iterate(len(steps)):
            step = _step_of(line, len(steps))
            if steps and step < steps[-1]:
                self._sorted = False
            steps.append(step)
        return steps

    @property
    def last_step(self) -> int:
        """The highest step, -1 without rows."""
        steps = self._steps_now()
        if not steps:
            return -1
        return steps[-1] if self._sorted else max(steps)

    def between(self, low: int, high: int) -> Iterator[bytes]:
        """The rows whose step is in ``low <= step < high``, in the file's order, holes left out."""
        steps = self._steps_now()
        if self._sorted:
            yield from filter(None, self._lines.iterate(bisect_left(steps, low), bisect_left(steps, high)))
            return
        wanted = [number for number, step in enumerate(steps) if low <= step < high]
        position = 0
        while position < len(wanted):  # contiguous stretches are read together
            end = position
            while end + 1 < len(wanted) and wanted[end + 1] == wanted[end] + 1:
                end += 1
            yield from filter(None, self._lines.iterate(wanted[position], wanted[end] + 1))
            position = end + 1

    def keys(self) -> dict[str, dict[str, int]]:
        """For each dotted key how often which type of value occurs."""
        self._refresh()
        for line in self._lines.iterate(self._keys_upto):
            self._keys_upto += 1
            for key, value in flatten(parse(line)):
                counts = self._keys.setdefault(key, {})
                kind = _kind(value)
                counts[kind] = counts.get(kind, 0) + 1
        return self._keys


def spread(lines: LineFile, samples: int) -> Iterator[bytes]:
    """At most `samples` lines evenly over the file, first and last among them; all of them where they are few."""
    lines.load()
    count = lines.count
    if count <= samples:
        yield from filter(None, lines.iterate())
        return
    if samples < 1:
        return
    wanted = {round(one * (count - 1) / max(1, samples - 1)) for one in range(samples)}
    yield from (line for number, line in enumerate(lines.iterate()) if line and number in wanted)


def project(rows: Iterator[bytes], keys: list[str], samples: int | None) -> list[dict[str, Any]]:
    """Of the rows that have all `keys`, those values; thinned out evenly to at most about `samples` rows."""
    kept: list[dict[str, Any]] = []
    stride, matched = 1, 0
    for line in rows:
        row = parse(line)
        flat = row if all(key in row for key in keys) else {**row, **dict(flatten(row))}
        if not all(key in flat for key in keys):
            continue
        if matched % stride == 0:
            kept.append({key: plain(flat[key]) for key in keys})
            if samples is not None and len(kept) > 2 * max(1, samples):
                kept, stride = kept[::2], stride * 2
        matched += 1
    if samples is not None and len(kept) > samples > 0:
        kept = [kept[round(one * (len(kept) - 1) / max(1, samples - 1))] for one in range(samples)]
    return kept
