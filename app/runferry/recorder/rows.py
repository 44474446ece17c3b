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
OWN_KEYS = frozenset(("_step", "_runtime", "_timestamp", "_wandb"))
"""What the recorder itself writes into rows and summary."""

_TEXT: dict[type, Callable[[Any], str]] = {
    float: float.__repr__,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    str: quoted,
}


_MORE = [chr(group | 128) for group in range(128)]  # seven bits that others follow
_LAST = [chr(group) for group in range(128)]


def varint_text(number: int) -> str:
    """A non-negative number in 7-bit groups, as characters."""
    if number < 128:
        return _LAST[number]
    if number < 16384:
        return _MORE[number & 127] + _LAST[number >> 7]
    if number < 2097152:
        return _MORE[number & 127] + _MORE[number >> 7 & 127] + _LAST[number >> 14]
    out = []
    while number > 127:
        out.append(_MORE[number & 127])
        number >>= 7
    return "".join(out) + _LAST[number]


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
        if not isinstance(key, str) or key in OWN_KEYS:  # not for the quick way
            raise KeyError(key)
        if len(self) > _MOST_KEYS:  # keys made up row by row: forget them rather than grow
            self.clear()
        found = self[key] = _prefixes_of(key)
        return found


def _prefixes_of(key: str) -> list[str]:
    path_text = _path_text((key,))
    return [_item(path_text, length) for length in range(LONGEST_INTEGER + 1)]


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
        self._step = _prefixes_of("_step")
        self._runtime = _prefixes_of("_runtime")
        self._timestamp = _prefixes_of("_timestamp")

    def quick_items(self, row: dict[str, Any]) -> str:
        """The items of a row of plain scalars under text keys; what is anything else raises KeyError.

        This is where `log` spends its time, most of it in the conversion of doubles to text.
        """
        prefixes = self._prefixes
        text = _TEXT
        try:
            items = "".join(
                [
                    prefixes[key][len(value := repr(one) if type(one) is float else text[type(one)](one))] + value
                    for key, one in row.items()
                ]
            )
        except (IndexError, ValueError):  # long texts, integers with thousands of digits
            return self.items(row)
        if "nan" in items or "inf" in items:  # Python's text of a double that JSON spells otherwise, or a key
            return self.items(row)
        return items

    def items(self, row: dict[str, Any]) -> str:
        """The items of a row of any plain values: nested, long, not finite."""
        return "".join([text for path, value in leaves(row) for text in self._leaf(path, value)])

    def record(self, items: str, num: int, step: int, runtime: int, timestamp: int) -> bytes:
        """One history record, without framing. runtime, timestamp: microseconds."""
        number = str(step)
        seconds = str(runtime) if runtime > 999_999 else str(runtime).zfill(7)
        moment = str(timestamp)
        if step:
            groups = varint_text(step)
            step_message = f"\x12{_LAST[len(groups) + 1]}\x08{groups}"
        else:  # zero is left out, as proto3 does
            step_message = "\x12\x00"
        row = (
            f"{items}{self._step[len(number)]}{number}{self._runtime[len(seconds) + 1]}{seconds[:-6]}.{seconds[-6:]}"
            f"{self._timestamp[len(moment) + 1]}{moment[:-6]}.{moment[-6:]}{step_message}"
        )
        return f"\x08{varint_text(num)}\x12{varint_text(len(row))}{row}{self._info}".encode("latin-1")

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
        if len(path) == 1 and len(text) <= LONGEST_INTEGER and path[0] not in OWN_KEYS:
            return self._prefixes[path[0]][len(text)], text
        return _item(_path_text(path), len(text)), text
