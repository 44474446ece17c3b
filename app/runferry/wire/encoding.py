"""Protocol buffer encoding of log records, driven by the table in `wire.schema`.

Encodes only; the readers use their own decoder. Default values (0, "", False) are left out, as proto3 does; unknown
field names are an error of the caller.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Mapping

from runferry.wire.schema import MESSAGES, Message

_VARINT = 0
_DOUBLE = 1
_BYTES = 2
_MASK = (1 << 64) - 1


def varint(number: int) -> bytes:
    """A non-negative number below 2**64 in 7-bit groups, lowest first."""
    if number < 128:
        return bytes((number,))
    if number < 16384:
        return bytes((number & 127 | 128, number >> 7))
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def utf8(text: str) -> bytes:
    """UTF-8; halves of surrogate pairs, which protobuf strings must not hold, become question marks."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def delimited(number: int, payload: bytes) -> bytes:
    """Field `number` of wire type 2: tag, length, payload."""
    return varint(number << 3 | _BYTES) + varint(len(payload)) + payload


def _unsigned(value: Any) -> bytes:
    return varint(int(value) & _MASK)


def _zigzag(value: Any) -> bytes:
    value = int(value)
    return varint((value << 1 if value >= 0 else (-value << 1) - 1) & _MASK)


_VARINTS: dict[str, Callable[[Any], bytes]] = {
    "bool": _unsigned,
    "enum": _unsigned,
    "int32": _unsigned,
    "int64": _unsigned,
    "uint32": _unsigned,
    "uint64": _unsigned,
    "sint64": _zigzag,
}


def encode(message_name: str, values: Mapping[str, Any]) -> bytes:
    """One message as bytes. `values`: field name to value; messages as mappings, repeated fields as sequences.

    A field whose value is None is left out. A submessage is written even when it is empty.
    Raises KeyError for a field that the schema does not know.
    """
    fields = MESSAGES[message_name]
    return b"".join(
        [_field(fields[name][0], fields[name][1], value) for name, value in values.items() if value is not None]
    )


def _field(number: int, kind: str, value: Any) -> bytes:
    if kind.startswith("["):
        return b"".join([_single(number, kind[1:-1], one, True) for one in value])
    if kind.startswith("{"):
        return b"".join([_entry(number, kind[1:-1], key, one) for key, one in value.items()])
    return _single(number, kind, value, False)


def _single(number: int, kind: str, value: Any, keep_default: bool) -> bytes:
    varints = _VARINTS.get(kind)
    if varints is not None:
        return varint(number << 3 | _VARINT) + varints(value) if value or keep_default else b""
    if kind == "double":
        packed = struct.pack("<d", value)
        return varint(number << 3 | _DOUBLE) + packed if packed.strip(b"\0") or keep_default else b""
    if kind == "string":
        return delimited(number, utf8(value)) if value or keep_default else b""
    if kind == "bytes":
        return delimited(number, bytes(value)) if value or keep_default else b""
    return delimited(number, encode(kind, value))


def _entry(number: int, kind: str, key: str, value: Any) -> bytes:
    """One entry of a map field: a message of its own with the key as field 1 and the value as field 2."""
    return delimited(number, _single(1, "string", key, False) + _single(2, kind, value, False))


def field_number(message: Message, name: str) -> int:
    """The number of a field; for writers that put bytes together themselves."""
    return message[name][0]


def timestamp(seconds: float) -> dict[str, int]:
    """A point in time as the schema's ``Timestamp``; `seconds` since the epoch, kept to the microsecond."""
    micros = round(seconds * 1e6)
    return {"seconds": micros // 1_000_000, "nanos": micros % 1_000_000 * 1000}
