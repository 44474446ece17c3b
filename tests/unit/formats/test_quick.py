"""The shortcuts through the bytes give what the message classes give, odd keys and values included."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runferry.formats.key_values import KeyValues
from runferry.formats.messages import CLASSES, HISTORY, SUMMARY
from runferry.formats.rows import RowBuilder

Item = CLASSES["HistoryItem"]

USUAL = ["a", "b", "loss", "train/loss", "a.b"]
ODD = ["x" * 100, "é", 'q"', "t\t", "\n", "\x12", "ab\x01", ""]
VALUES = [
    "1",
    "NaN",
    '"x"',
    f'"{"y" * 120}"',
    f'"{"y" * 126}"',
    f'"{"y" * 300}"',
    '{"a":1}',
    "[1,\n2]",
    "null",
    "-1e-05",
]

keys = st.one_of(st.sampled_from(USUAL), st.sampled_from(USUAL), st.sampled_from(USUAL + ODD))
values = st.one_of(st.sampled_from(VALUES[:3]), st.sampled_from(VALUES))


@st.composite
def item(draw: st.DrawFn) -> bytes:
    path = draw(st.lists(keys, min_size=1, max_size=draw(st.sampled_from([1, 1, 1, 3]))))
    name: dict[str, Any] = {"nested_key": path} if draw(st.sampled_from([1, 1, 1, 0])) else {"key": path[0]}
    return bytes(Item(value_json=draw(values), **name).SerializeToString())


rows = st.lists(item(), max_size=8)


def put(tree: dict[str, Any], raw: bytes) -> None:
    """The plain way: the last value wins, whatever stood there."""
    found = Item.FromString(raw)
    *inner, last = found.nested_key or [found.key]
    for label in inner:
        if not isinstance(tree.get(label), dict):
            tree[label] = {}
        tree = tree[label]
    tree[last] = json.loads(found.value_json)


def remove(tree: dict[str, Any], raw: bytes) -> None:
    found = Item.FromString(raw)
    *inner, last = found.nested_key or [found.key]
    for label in inner:
        if not isinstance(tree.get(label), dict):
            return
        tree = tree[label]
    tree.pop(last, None)


def text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(rows, st.none() | st.integers(0, 2**40)), max_size=6))
def test_rows(history: list[tuple[list[bytes], int | None]]) -> None:
    builder = RowBuilder()
    for raw_items, step in history * 2:  # the second time with remembered keys
        record = HISTORY(item=raw_items)
        expected: dict[str, Any] = {}
        for raw in raw_items:
            put(expected, raw)
        if step is not None:
            record.step.num = step
            expected["_step"] = step
        line, found = builder.line(record.SerializeToString())
        assert (text(json.loads(line)), found) == (text(expected), step)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(st.tuples(rows, st.lists(item(), max_size=1)), max_size=5), max_size=4))
def test_summaries(batches: list[list[tuple[list[bytes], list[bytes]]]]) -> None:
    folded, expected = KeyValues(), dict[str, Any]()
    for batch in batches:
        folded.apply([SUMMARY(update=updates, remove=removals).SerializeToString() for updates, removals in batch])
        for updates, removals in batch:
            for raw in updates:
                put(expected, raw)
            for raw in removals:
                remove(expected, raw)
    assert text(folded.value()) == text(expected)
