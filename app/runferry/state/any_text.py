"""Texts that are no Unicode, as SQLite can keep them: every text that goes in comes out as it was.

A path may hold bytes that are no UTF-8; Python keeps them as lone surrogates, which SQLite refuses. Here each becomes
three letters behind a mark, and the mark itself becomes two of it. Character by character, so that what begins or ends
alike still does, and queries with `<`, `=` and `||` mean what they say. All other texts are kept as they are.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from typing import Any

_MARK = "\ufdd0"  # a code point that is no character, and never will be one
_MARK_BYTES = _MARK.encode()
_OUT = re.compile(f"[\ud800-\udfff{_MARK}]")
_IN = re.compile(f"{_MARK}(?:{_MARK}|([0-7][0-9a-f]{{2}}))")


class AnyTextConnection(sqlite3.Connection):
    """A connection whose texts may hold anything. Only `execute` and `executemany` are to be used with values."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.text_factory = from_stored

    def execute(self, query: str, values: Any = (), /) -> sqlite3.Cursor:
        """As it is, with values that can be kept."""
        return super().execute(query, _storable(values))

    def executemany(self, query: str, many: Iterable[Any], /) -> sqlite3.Cursor:
        """As it is, with values that can be kept."""
        return super().executemany(query, map(_storable, many))


def to_stored(text: str) -> str:
    """As it is kept."""
    return _OUT.sub(lambda found: _MARK + (_MARK if found[0] == _MARK else f"{ord(found[0]) - 0xD800:03x}"), text)


def from_stored(kept: bytes) -> str:
    """As it was; what is no UTF-8 for another reason, like a flipped bit, is read all the same."""
    text = kept.decode("utf-8", "surrogateescape")
    if _MARK_BYTES not in kept:
        return text
    return _IN.sub(lambda found: chr(0xD800 + int(found[1], 16)) if found[1] else _MARK, text)


def _storable(values: Any) -> Any:
    if isinstance(values, tuple) and not any(isinstance(one, str) and not _is_plain(one) for one in values):
        return values
    return tuple(to_stored(one) if isinstance(one, str) else one for one in values)


def _is_plain(text: str) -> bool:
    return text.isascii() or _OUT.search(text) is None
