"""One item of a history, summary or config record: its key and its value as JSON text.

An item is written as key fields followed by ``value_json``; all bytes before the value (the prefix) are the same each
time a key is logged, so that prefixes can stand for keys in dictionaries. Only a prefix that was parsed once as a
whole message, and found to hold a key and nothing else, may be used that way.
"""

from __future__ import annotations

import json
import math
from typing import Any

from google.protobuf.message import DecodeError

from runferry.formats.entries import Path
from runferry.formats.messages import ITEM
from runferry.formats.odd_values import DEEPEST, NO_JSON, TOO_DEEP, Odd, is_too_deep

VALUE_TAG = b"\x82\x01"  # field 16, bytes


def key_of_prefix(prefix: bytes) -> Path | None:
    """The key, if these bytes are a key and nothing else; None otherwise."""
    try:
        item = ITEM.FromString(prefix)
    except DecodeError:
        return None
    if item.WhichOneof("kind") or item.value_json or item.SerializeToString() != prefix:
        return None
    path = path_of(item)
    return path if len(path) <= DEEPEST else None


def path_of(item: Any) -> Path:
    """The key of a parsed item; a nested key wins over a plain one."""
    return tuple(item.nested_key) or (item.key,)


def decode(raw: bytes) -> tuple[Path, str]:
    """Key and JSON text of an item in any form, typed values included. Raises Odd when it cannot be taken in.

    A typed value wins over the JSON text beside it, which writes 1.0 as 1.
    """
    try:
        item = ITEM.FromString(raw)
    except DecodeError:
        raise Odd(NO_JSON) from None
    kind = item.WhichOneof("kind")
    text = item.value_json if kind is None else _typed(kind, getattr(item, kind))
    path = path_of(item)
    if len(path) > DEEPEST or is_too_deep(text):
        raise Odd(TOO_DEEP, ".".join(path[:DEEPEST]))
    if not is_json(text):
        raise Odd(NO_JSON, ".".join(path))
    return path, text


def value_of(raw: bytes) -> bytes:
    """The JSON text of an item whose prefix is known to be a key and nothing else; empty if it is malformed."""
    rest = raw.partition(VALUE_TAG)[2]
    size = shift = 0
    for at, byte in enumerate(rest[:10]):
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            value = rest[at + 1 :]
            return value if len(value) == size else b""
    return b""


def _typed(kind: str, value: Any) -> str:
    if kind == "none":
        return "null"
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "number":
        if math.isfinite(value):
            return repr(value)
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if kind == "text":
        return json.dumps(value, ensure_ascii=False)
    return str(value)  # an integer, or JSON text as it is


def is_json(text: str | bytes) -> bool:
    """Whether this is JSON as W&B writes it, and not nested too deep: NaN and infinities included."""
    if is_too_deep(text):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
