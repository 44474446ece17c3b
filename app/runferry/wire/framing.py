"""Writing side of the transaction log's block format.

Turns one encoded record into the bytes that continue a log at a given position. Pure: it must never touch a file.
Layout: a 7-byte file header, then blocks of 32 KiB counted from the start of the file; in them chunks of a 7-byte
header (CRC-32 of type byte and payload, payload length, type) and a payload; no chunk crosses a block's end.
"""

from __future__ import annotations

import struct
import zlib

BLOCK = 32768
HEADER = 7
FILE_HEADER = b":W&B\xe1\xbe\x00"

FULL = 1
FIRST = 2
MIDDLE = 3
LAST = 4

_pack = struct.Struct("<IHB").pack
_TYPE_CRC = tuple(zlib.crc32(bytes((kind,))) for kind in range(5))
FULL_CRC = _TYPE_CRC[FULL]
"""CRC-32 of the type byte of a whole record: where the checksum of its payload continues."""


def chunk(kind: int, payload: bytes) -> bytes:
    """One chunk: header and payload, which must fit between the position and the block's end."""
    return _pack(zlib.crc32(payload, _TYPE_CRC[kind]), len(payload), kind) + payload


def chunks(record: bytes, position: int) -> bytes:
    """The bytes that append `record` to a log that is `position` bytes long (file header included).

    A tail of a block that is too short for a chunk header is filled with zeros. When exactly a header fits, a FIRST
    chunk without payload stands there, as the official writers do it.
    """
    left = BLOCK - position % BLOCK
    out = []
    if left < HEADER:
        out.append(bytes(left))
        left = BLOCK
    if len(record) + HEADER <= left:
        out.append(chunk(FULL, record))
        return b"".join(out)
    room = left - HEADER
    out.append(chunk(FIRST, record[:room]))
    start = room
    room = BLOCK - HEADER
    while len(record) - start > room:
        out.append(chunk(MIDDLE, record[start : start + room]))
        start += room
    out.append(chunk(LAST, record[start:]))
    return b"".join(out)


def padding(position: int) -> bytes:
    """Zeros up to the next block: what makes the records after a torn one readable again."""
    return bytes(-position % BLOCK)
