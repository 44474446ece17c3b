"""History rows: the items of a history record turned into one line of JSON, as wandb-core streams it.

Values are copied as they stand in the log (NaN, Infinity, 2**60, 1.50); keys of several labels become nested objects;
a dot or slash in a label is just a character. A value that is not JSON is left out and counted, the row stays.

The common case must cost little: every item is cut once, its key is looked up by the bytes before the value, and the
finished line is parsed once to see that it is JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from runferry.formats import items, quick
from runferry.formats.entries import Path
from runferry.formats.items import VALUE_TAG
from runferry.formats.json_text import dumps
from runferry.formats.messages import HISTORY
from runferry.formats.odd_values import Odd, OddValues, is_too_deep

CACHE = 200_000  # keys whose text is kept; a log with more distinct keys costs time, not memory

_HALVES = re.compile("[\ud800-\udfff]")  # of surrogate pairs, which have no UTF-8

Tree = dict[str, Any]  # label -> JSON text or another Tree


class RowBuilder:
    """Builds lines; remembers the keys that it saw in `keys`, and in `odd` what it had to leave out."""

    def __init__(self, odd: OddValues | None = None) -> None:
        self.keys: dict[Path, None] = {}
        self.odd = OddValues() if odd is None else odd
        self._texts: dict[bytes, bytes] = {}  # prefix -> key as JSON with its colon
        self._plain: set[str] = set()  # keys of one label that stand in JSON as they stand in the log
        self._nested: dict[bytes, Path] = {}  # prefix -> key of several labels

    def line(self, body: bytes) -> tuple[str, int | None]:
        """One JSON object from the bytes of a history record, and its `_step`.

        The step comes from the items, else from the record's own field, and is then put into the line.
        """
        quickly = quick.row(body)
        if quickly is not None:
            text, step = quickly
            row = _parse(text)
            if row is not None and row.keys() <= self._plain and len(text) == quick.row_length(body, step, len(row)):
                return _with_step(text, row, quick.step_of(step))
        history = HISTORY.FromString(body)
        return self._from_items(history.item, history.step.num if history.HasField("step") else None)

    def _from_items(self, raw_items: Sequence[bytes], step: int | None) -> tuple[str, int | None]:
        texts = self._texts
        parts: list[bytes] = []
        nested: list[bytes] = []
        for item in raw_items:
            prefix, _, rest = item.partition(VALUE_TAG)
            text = texts.get(prefix)
            if text is None:
                nested.append(item)
            elif rest and rest[0] == len(rest) - 1 and rest[0] < 0x80:
                parts.append(text + rest[1:])
            else:
                parts.append(text + items.value_of(item))
        if nested and not self._add_nested(nested, parts):
            return self._slow(raw_items, step)
        line = b"{" + b",".join(parts) + b"}"
        row = _parse(line)
        if row is None or len(row) != len(parts):
            return self._slow(raw_items, step)
        return _with_step(line, row, step)

    def _add_nested(self, raw_items: list[bytes], parts: list[bytes]) -> bool:
        """Add keys of several labels, and keys seen for the first time. False: this row needs the slow way."""
        tree: Tree = {}
        for item in raw_items:
            prefix = item.partition(VALUE_TAG)[0]
            path = self._nested.get(prefix) or self._learn(prefix)
            value = items.value_of(item)
            if path is None or not value:
                return False
            if len(path) == 1:
                parts.append(self._texts.get(prefix, _key(path[0])) + value)
            elif not _put(tree, path, value.decode("utf-8", "replace")):
                return False
        parts.extend(_key(label) + dump(node).encode() for label, node in tree.items())
        return True

    def _learn(self, prefix: bytes) -> Path | None:
        path = items.key_of_prefix(prefix)
        if path is None:
            return None
        self.keys[path] = None
        if len(self._texts) + len(self._nested) < CACHE:
            if len(path) == 1:
                self._texts[prefix] = _key(path[0])
                if prefix[:1] == b"\x12" and len(_key(path[0])) == len(prefix) + 1:
                    self._plain.add(path[0])
            else:
                self._nested[prefix] = path
        return path

    def _slow(self, raw_items: Iterable[bytes], step: int | None) -> tuple[str, int | None]:
        """Every item by itself: typed values, values that are no JSON, a key given twice (the last one counts)."""
        tree: Tree = {}
        for item in raw_items:
            try:
                path, text = items.decode(item)
            except Odd as odd:
                self.odd.take(odd)
                continue
            self.keys[path] = None
            if not _put(tree, path, text):
                put_over(tree, path, text)
        found = _integer(json.loads(tree["_step"])) if isinstance(tree.get("_step"), str) else None
        if found is None and step is not None and "_step" not in tree:
            tree["_step"], found = str(step), step
        return dump(tree), found


def _with_step(line: bytes, row: dict[str, Any], step: int | None) -> tuple[str, int | None]:
    found = _integer(row.get("_step"))
    if found is None and step is not None and "_step" not in row:
        return (line[:-1] + (b"," if row else b"") + b'"_step":%d}' % step).decode(), step
    return line.decode(), found


def _parse(line: bytes) -> dict[str, Any] | None:
    if is_too_deep(line):
        return None
    try:
        row = orjson.loads(line)
    except ValueError:
        try:
            row = json.loads(line.decode())  # NaN and infinities, which orjson refuses
        except (ValueError, RecursionError):
            return None
    return row if isinstance(row, dict) else None


def _integer(value: Any) -> int | None:
    if type(value) is int:
        return value if -(2**63) <= value < 2**63 else None
    if not isinstance(value, float):
        return None
    return int(value) if value == value and abs(value) < 2**63 and int(value) == value else None


def _key(label: str) -> bytes:
    return json.dumps(label, ensure_ascii=False).encode("utf-8") + b":"


def _put(tree: Tree, path: Path, text: str) -> bool:
    """Set a leaf; False when something else stands in its way."""
    for label in path[:-1]:
        node = tree.setdefault(label, {})
        if not isinstance(node, dict):
            return False
        tree = node
    if path[-1] in tree:
        return False
    tree[path[-1]] = text
    return True


def put_over(tree: Tree, path: Path, text: str) -> None:
    """Set a leaf; what stands in its way goes, but an object given as one text is opened and kept."""
    for label in path[:-1]:
        node = tree.get(label)
        if isinstance(node, str):
            node = opened(node)
        if not isinstance(node, dict):
            node = {}
        tree[label] = node
        tree = node
    tree[path[-1]] = text


def opened(text: str) -> Tree | None:
    """A JSON object's text as a tree; None when it is no object."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return plant(value)


def plant(value: dict[str, Any]) -> Tree:
    """A parsed object as a tree."""
    return {label: plant(node) if isinstance(node, dict) and node else dumps(node) for label, node in value.items()}


def dump(node: Tree | str) -> str:
    """A tree as JSON text."""
    text = _dump(node)
    return text if text.isascii() else _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _dump(node: Tree | str) -> str:
    if isinstance(node, str):
        return node
    return "{" + ",".join(f"{json.dumps(label, ensure_ascii=False)}:{_dump(sub)}" for label, sub in node.items()) + "}"
