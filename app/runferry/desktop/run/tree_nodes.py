"""Nested settings and results as rows: made when they are opened, found by their names and values. No Qt."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

Path = tuple[str, ...]
_LONGEST = 2000  # characters of a value that are ever shown in its row
_SHOWN = 40  # entries of a list that are written out
_SCALARS = frozenset((str, int, float, bool, type(None)))  # asked for by type first: most values are of these


class Node:
    """One row. `children` are made when they are first asked for."""

    __slots__ = ("_by_key", "_children", "_only", "key", "parent", "row", "value")

    def __init__(self, key: str, value: Any, parent: Node | None, row: int, only: Only | None = None) -> None:
        self.key, self.value, self.parent, self.row = key, value, parent, row
        self._only = only
        self._children: list[Node] | None = None
        self._by_key: dict[str, Node] | None = None

    @property
    def children(self) -> list[Node]:
        """Rows below this one; those that the search leaves."""
        if self._children is None:
            only = self._only
            pairs = [pair for pair in entries(self.value) if only is None or pair[0] in only]
            self._children = [
                Node(key, value, self, row, only[key] if only else None) for row, (key, value) in enumerate(pairs)
            ]
        return self._children

    @property
    def has_children(self) -> bool:
        """Whether there is something below, without making it."""
        return type(self.value) not in _SCALARS and next(entries(self.value), None) is not None

    @property
    def path(self) -> Path:
        """The keys from the top to here."""
        return (*self.parent.path, self.key) if self.parent else ()

    def at(self, path: Path) -> Node | None:
        """The row at a path below this one."""
        node: Node | None = self
        for key in path:
            if node is None:
                return None
            if node._by_key is None:
                node._by_key = {one.key: one for one in node.children}
            node = node._by_key.get(key)
        return node

    @property
    def made(self) -> list[Node]:
        """The rows below that were made already."""
        return self._children or []


Only = dict[str, "Only | None"]
"""What a search leaves of a level: by key, what is left below it; None: all of it."""


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """What is below a value: entries of a mapping; of a list, if there are mappings or lists in it."""
    if type(value) in _SCALARS:
        return
    if isinstance(value, Mapping):
        yield from ((key if type(key) is str else str(key), one) for key, one in value.items())
    elif _is_list(value) and any(isinstance(one, Mapping) or _is_list(one) for one in value):
        yield from ((str(index), one) for index, one in enumerate(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def value_words(value: Any) -> str:
    """A value in one line: numbers as they are, lists in brackets, mappings by their size."""
    if type(value) is float or type(value) is int:
        return scalar_words(value)
    if isinstance(value, Mapping):
        return f"{{{len(value):,}}}" if value else "{}"
    if _is_list(value):
        if next(entries(value), None) is not None:
            return f"[{len(value):,}]"
        shown = ", ".join(value_words(one) for one in value[:_SHOWN])
        return f"[{shown}, … {len(value):,} in all]" if len(value) > _SHOWN else f"[{shown}]"
    if isinstance(value, str):
        text = value.replace("\n", " ⏎ ")
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return scalar_words(value)


def scalar_words(value: Any) -> str:
    """Numbers with all their digits, JSON's words for the rest."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if _is_word(value) else str(value)


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def copied(value: Any) -> str:
    """A value for the clipboard: text as it is, mappings and lists as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) or _is_list(value):
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return scalar_words(value)


class Finder:
    """Searches one state of the data; the list of all names is made once, at the first search."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._all: list[tuple[Path, str]] | None = None

    def find(self, text: str) -> tuple[Only, int]:
        """What is left when each word must be in the path or in the value; and how many values were found."""
        if self._all is None:
            self._all = list(_leaves(self._data, ()))
        words = text.lower().split()
        found: Only = {}
        count = 0
        for path, searched in self._all:
            if all(word in searched for word in words):
                count += 1
                _keep(found, path)
        return found, count


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    for key, one in entries(value):
        below = (*path, key)
        if type(one) in _SCALARS or next(entries(one), None) is None:
            yield below, f"{'.'.join(below)} {value_words(one)}".lower()
        else:
            yield from _leaves(one, below)


def _keep(found: Only, path: Path) -> None:
    level = found
    for key in path[:-1]:
        below = level.setdefault(key, {})
        if below is None:
            return
        level = below
    level[path[-1]] = None


def same_keys(one: Any, other: Any) -> bool:
    """Whether two values have the same rows, whatever stands in them."""
    if type(one) in _SCALARS and type(other) in _SCALARS:
        return True
    pairs = zip_longest(entries(one), entries(other), fillvalue=(None, None))
    return all(key == other_key and same_keys(mine, others) for (key, mine), (other_key, others) in pairs)


def differ(one: Any, other: Any) -> bool:
    """Whether two values may look different."""
    if type(one) is type(other) and type(one) in _SCALARS:
        return bool(one != other)
    return value_words(one) != value_words(other)
