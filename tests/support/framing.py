"""Logs made by hand, chunk by chunk."""

from __future__ import annotations

import struct
import zlib

from runferry.wire.scanning import BLOCK, FILE_HEADER, HEADER


def frame(records: list[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
    """A log, and where each record's bytes begin and end."""
    data, places = bytearray(FILE_HEADER), []
    for record in records:
        left, first, rest = BLOCK - len(data) % BLOCK, True, record
        if left < HEADER:
            data += bytes(left)
        start = len(data)
        while first or rest:
            left = BLOCK - len(data) % BLOCK
            piece, rest = rest[: left - HEADER], rest[left - HEADER :]
            kind = (2 if rest else 1) if first else (3 if rest else 4)
            data += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
        places.append((start, len(data)))
    return bytes(data), places
