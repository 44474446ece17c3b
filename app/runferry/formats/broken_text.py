"""Mends a record whose texts are no UTF-8, which the message classes refuse as a whole: one bad text costs itself."""

from __future__ import annotations

from runferry.wire.encoding import delimited, varint
from runferry.wire.schema import MESSAGES


def mended(record: bytes) -> bytes | None:
    """The record with broken characters replaced; None where it is broken in another way."""
    return _message("Record", record)


def _message(name: str, raw: bytes) -> bytes | None:
    kinds = dict(MESSAGES[name].values())
    made, at = bytearray(), 0
    while at < len(raw):
        tag, start = _varint(raw, at)
        if start < 0:
            return None
        wire, number = tag & 7, tag >> 3
        if wire == 2:
            size, start = _varint(raw, start)
            body = raw[start : start + size] if start > 0 else b""
            if start < 0 or len(body) != size:
                return None
            inner = _field(kinds.get(number, "").strip("[]"), body)
            if inner is None:
                return None
            made += delimited(number, inner)
            at = start + size
            continue
        end = _varint(raw, start)[1] if wire == 0 else start + {1: 8, 5: 4}.get(wire, len(raw) + 1)
        if end < 0 or end > len(raw):
            return None
        made += varint(tag) + raw[start:end]
        at = end
    return bytes(made)


def _field(kind: str, body: bytes) -> bytes | None:
    if kind == "string":
        return body.decode("utf-8", "replace").encode()
    return _message(kind, body) if kind in MESSAGES else body


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number and the place behind it; a place of -1 where there is none."""
    value = 0
    for shift, byte in enumerate(raw[at : at + 10]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at + shift + 1
    return 0, -1
