"""Updates and removals of keys folded into one tree: what a run's summary and config records add up to.

Two thirds of a log by wandb-core are summary records that set the same keys again. So the newest value per key is kept
as bytes and looked into only when somebody asks. That is right as long as no key lies inside another; where one does,
the order of the updates matters, and everything so far is put into the tree first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from typing import Any

from google.protobuf.message import DecodeError

from runferry.formats import items, quick, rows
from runferry.formats.entries import Path
from runferry.formats.items import VALUE_TAG
from runferry.formats.messages import SUMMARY
from runferry.formats.odd_values import NO_JSON, TOO_DEEP, Odd, OddValues, is_too_deep
from runferry.formats.rows import CACHE, Tree


class KeyValues:
    """`merge`: an update whose value is an object goes into the object that is there (config), else it replaces it."""

    def __init__(self, merge: bool = False, odd: OddValues | None = None) -> None:
        self._merge = merge
        self.odd = OddValues() if odd is None else odd
        self._tree: Tree = {}
        self._latest: dict[Path, bytes] = {}  # newest value per key, not yet in the tree
        self._inner: set[Path] = set()  # every key that one of those lies inside
        self._keys: dict[bytes, Path] = {}  # key by prefix; the same key may be written in two ways
        self._gone: dict[Path, None] = {}  # keys that were removed, in that order

    @property
    def gone(self) -> list[Path]:
        """The keys that were removed and not set again."""
        tree = self.tree() if self._gone else {}
        return [path for path in self._gone if _find(tree, path) is None]

    def apply(self, bodies: Sequence[bytes]) -> int:
        """The bytes of summary or config records, in order; tells how many of them were no such record."""
        if not self._merge and self._apply_joined(b"".join(bodies)):
            return 0
        lost = 0
        for body in bodies:
            try:
                record = SUMMARY.FromString(body)
            except DecodeError:
                lost += 1
                continue
            self.update(record.update)
            self.remove(record.remove)
        return lost

    def _apply_joined(self, joined: bytes) -> bool:
        """Take only the newest value of each key, if all items are of the usual form and none lies inside another."""
        prefixes = quick.prefixes(joined)
        if prefixes is None:
            return False
        newest: dict[Path, tuple[int, bytes]] = {}
        for prefix in prefixes:
            path = self._key(prefix)
            place, value = quick.newest(joined, prefix)
            if path is None or not value:
                return False
            newest[path] = max(newest.get(path, (0, b"")), (place, value))
        new = newest.keys() - self._latest.keys()
        inner = _inside(new)
        if new & self._inner or inner & (self._latest.keys() | new):
            return False
        self._inner |= inner
        self._latest.update({path: value for path, (_, value) in newest.items()})
        return True

    def update(self, raw_items: Sequence[bytes]) -> None:
        """Set keys, in this order."""
        for item in raw_items:
            path = self._key(item.partition(VALUE_TAG)[0])
            if path is None:  # an unusual form: typed, or damaged
                self._set_decoded(item)
                continue
            if path in self._latest:
                if self._merge:  # an object does not take the place of the one before
                    self._settle()
            else:
                inner = _inside({path})
                if path in self._inner or inner & self._latest.keys():
                    self._settle()
                self._inner |= inner
            self._latest[path] = items.value_of(item)

    def _key(self, prefix: bytes) -> Path | None:
        path = self._keys.get(prefix)
        if path is None:
            path = items.key_of_prefix(prefix)
            if path is not None:
                if len(self._keys) >= CACHE:
                    self._keys.clear()
                self._keys[prefix] = path
        return path

    def remove(self, raw_items: Sequence[bytes]) -> None:
        """Remove keys, each with what lies inside it."""
        if not raw_items:
            return
        self._settle()
        for item in raw_items:
            path = items.key_of_prefix(item.partition(VALUE_TAG)[0])
            if path is not None:
                _remove(self._tree, path)
                self._gone[path] = None

    def set_value(self, path: Path, text: str) -> None:
        """Set one key to JSON text."""
        self._settle()
        self._set(path, text)

    def tree(self) -> Tree:
        """Labels with JSON text or another tree. Do not change it."""
        self._settle()
        return self._tree

    def text(self) -> str:
        """One JSON object."""
        return rows.dump(self.tree())

    def value(self) -> dict[str, Any]:
        """The JSON object, parsed; NaN and infinities are floats."""
        parsed: dict[str, Any] = json.loads(self.text())
        return parsed

    def _set_decoded(self, item: bytes) -> None:
        try:
            path, text = items.decode(item)
        except Odd as odd:
            self.odd.take(odd)
            return
        self._settle()
        self._set(path, text)

    def _settle(self) -> None:
        waiting, self._latest = self._latest, {}
        self._inner.clear()
        for path, value in waiting.items():
            if items.is_json(value):
                self._set(path, value.decode("utf-8", "replace"))
            else:
                self.odd.note(TOO_DEEP if is_too_deep(value) else NO_JSON, ".".join(path))

    def _set(self, path: Path, text: str) -> None:
        if not self._merge:
            rows.put_over(self._tree, path, text)
            return
        inner = rows.opened(text)
        if inner:
            for label, node in inner.items():
                self._set((*path, label), rows.dump(node))
        elif inner is None or not isinstance(_find(self._tree, path), dict):
            rows.put_over(self._tree, path, text)


def _inside(paths: Set[Path]) -> set[Path]:
    """All keys that one of these lies inside."""
    return {path[:depth] for path in paths for depth in range(1, len(path))}


def _find(tree: Tree, path: Path) -> Tree | str | None:
    node: Tree | str | None = tree
    for label in path:
        if not isinstance(node, dict):
            return None
        node = node.get(label)
    return node


def _remove(tree: Tree, path: Path) -> None:
    node: Any = tree
    for label in path[:-1]:
        inner = node.get(label)
        if isinstance(inner, str):
            inner = rows.opened(inner)
            if inner is not None:
                node[label] = inner
        if not isinstance(inner, dict):
            return
        node = inner
    node.pop(path[-1], None)
