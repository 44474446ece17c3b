"""Telemetry records as the run config's ``_wandb.t`` wants them: field numbers as keys, flags as lists of numbers.

Decoded from the bytes and not from a message class, because clients add flags with every release and all have to be
handed on: a flag that is set travels as its number, whatever it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_FLAGS = {1, 2, 3, 8, 10, 11}  # imports at init, imports at finish, features, environment, deprecated, issues
_TEXTS = {9}  # label: {code, repo, version}


def decode(raw: bytes) -> dict[str, Any]:
    """One telemetry record; what cannot be read of it is left out."""
    out: dict[str, Any] = {}
    for number, value in _fields(raw):
        key = str(number)
        if isinstance(value, int):
            out[key] = value
        elif number in _FLAGS:
            flags = set(out.get(key, ())) | {flag for flag, on in _fields(value) if isinstance(on, int) and on}
            out[key] = sorted(flags)
        elif number in _TEXTS:
            out[key] = {
                str(one): text.decode("utf-8", "replace") for one, text in _fields(value) if isinstance(text, bytes)
            }
        else:
            out[key] = value.decode("utf-8", "replace")
    return out


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Flags add up, everything else is replaced; clients send the whole record again or only what is new."""
    out = dict(old)
    for key, value in new.items():
        before = out.get(key)
        if isinstance(value, list) and isinstance(before, list):
            out[key] = sorted({*before, *value})
        elif isinstance(value, dict) and isinstance(before, dict):
            out[key] = {**before, **value}
        else:
            out[key] = value
    return out


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers with integers or bytes, until the end or the first thing that is no field."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        wire, number = tag & 7, tag >> 3
        if wire == 0:
            value, at = _varint(raw, at)
            yield number, value
        elif wire == 2:
            size, at = _varint(raw, at)
            if at + size > len(raw):
                return
            yield number, raw[at : at + size]
            at += size
        else:
            return


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in raw[at : at + 10]:  # no number has more
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7
    return 0, len(raw)
