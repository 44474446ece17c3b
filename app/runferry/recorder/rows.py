"""Encodes history rows: the hot path of `log`.

A record is put together as text whose characters are bytes (latin-1): one join, one encode. What stands before a value
(lengths, field tags, the key) depends only on the key and on the value's length, so it is kept per key and length.
Not thread-safe by itself: the run's lock is held. Values must be plain (see `values`).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Tuple

from runferry.wire.encoding import utf8
from runferry.wire.json_text import LONGEST_INTEGER, dumps, quoted

Path = Tuple[str, ...]

_MOST_KEYS = 20_000

_TEXT: dict[type, Callable[[Any], str]] = {
    float: float.__repr__,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    str: quoted,
    type(None): {None: "null"}.__getitem__,
}


def varint_text(number: int) -> str:
    """A non-negative number in 7-bit groups, as characters."""
    if number < 128:
        return chr(number)
    if number < 16384:
        return chr(number & 127 | 128) + chr(number >> 7)
    out = []
    while number > 127:
        out.append(chr(number & 127 | 128))
        number >>= 7
    out.append(chr(number))
    return "".join(out)


def _latin(text: str) -> str:
    return utf8(text).decode("latin-1")


def _path_text(path: Path) -> str:
    """The repeated `nested_key` field (2) of an item."""
    labels = [_latin(label) for label in path]
    return "".join(["\x12" + varint_text(len(label)) + label for label in labels])


def _item(path_text: str, length: int) -> str:
    """All of an item but its value of `length` characters: field 1 of the record's message, tag of `value_json`."""
    inner = path_text + "\x82\x01" + varint_text(length)
    return "\x0a" + varint_text(len(inner) + length) + inner


class _Prefixes(Dict[str, List[str]]):
    """For each plain key, what stands before a value of 0, 1, 2 … 24 characters."""

    def __missing__(self, key: str) -> list[str]:
        if len(self) > _MOST_KEYS:  # keys made up row by row: forget them rather than grow
            self.clear()
        path_text = _path_text((key,))
        found = self[key] = [_item(path_text, length) for length in range(LONGEST_INTEGER + 1)]
        return found


def leaves(data: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The leaves of nested dicts with the labels that lead to them; an empty dict has none."""
    for key, value in data.items():
        if type(value) is dict:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def value_text(value: Any) -> str:
    """A plain value as JSON text."""
    kind = type(value)
    return dumps(value) if kind is float or kind is int or kind not in _TEXT else _TEXT[kind](value)


class RowEncoder:
    """Encodes rows for one run; `info` is the encoded ``_info`` field that each of its records ends with."""

    def __init__(self, info: bytes) -> None:
        self._info = info.decode("latin-1")
        self._prefixes = _Prefixes()
        self._step = self._prefixes["_step"]
        self._runtime = self._prefixes["_runtime"]
        self._timestamp = self._prefixes["_timestamp"]

    def encode(self, row: dict[str, Any], num: int, step: int, runtime: float, timestamp: float) -> bytes:
        """One history record, without framing."""
        prefixes = self._prefixes
        text = _TEXT
        try:
            items = "".join(
                [prefixes[key][len(value)] + value for key, value in [(k, text[type(v)](v)) for k, v in row.items()]]
            )
            if "nan" in items or "inf" in items:  # Python's text of a double that JSON spells otherwise, or a key
                items = self._slow_items(row)
        except (KeyError, IndexError, ValueError):
            items = self._slow_items(row)
        number = str(step)
        seconds = repr(runtime)
        moment = repr(timestamp)
        row_text = (
            f"{items}{self._step[len(number)]}{number}{self._runtime[len(seconds)]}{seconds}"
            f"{self._timestamp[len(moment)]}{moment}{_step_message(step)}"
        )
        return f"\x08{varint_text(num)}\x12{varint_text(len(row_text))}{row_text}{self._info}".encode("latin-1")

    def encode_summary(self, changed: Iterable[tuple[Path, Any]], removed: Iterable[Path], num: int) -> bytes:
        """One summary record; its items have the form of a row's."""
        update = "".join([text for path, value in changed for text in self._leaf(path, value)])
        remove = [_path_text(path) for path in removed]
        gone = "".join(["\x12" + varint_text(len(one)) + one for one in remove])
        size = varint_text(len(update) + len(gone))
        return f"\x08{varint_text(num)}\x1a{size}{update}{gone}{self._info}".encode("latin-1")

    def _leaf(self, path: Path, value: Any) -> tuple[str, str]:
        """What stands before a value, and its text."""
        text = value_text(value)
        if len(path) == 1 and len(text) <= LONGEST_INTEGER:
            return self._prefixes[path[0]][len(text)], text
        return _item(_path_text(path), len(text)), text

    def _slow_items(self, row: dict[str, Any]) -> str:
        """Any plain values: nested, long, not finite."""
        return "".join([text for path, value in leaves(row) for text in self._leaf(path, value)])


def _step_message(step: int) -> str:
    """Field 2 of a history record: the step once more, as a number. Zero is left out, as proto3 does."""
    if not step:
        return "\x12\x00"
    number = varint_text(step)
    return "\x12" + chr(len(number) + 1) + "\x08" + number
