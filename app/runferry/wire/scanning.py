"""Cuts the bytes of a transaction log into records: block by block, resumable, and past any damage.

A log is a 7-byte file header and then blocks of 32 KiB, each a row of chunks: checksum (CRC-32 of type and payload),
payload length, type, payload. A record is one FULL chunk, or FIRST, MIDDLE…, LAST in consecutive blocks.

What this module must never do: raise because of what the bytes are, hand out a record that was put together from two,
or move its position past something that a writer may still complete. A record is given only when every chunk of it
has a good checksum. After damage the search goes on byte by byte inside the block, then in the blocks behind it.

Damage is declared only when something good stands behind it, or when the caller says that nobody writes any more;
until then everything up to the end of the file is "not yet".

Standard library only, Python 3.8: the recorder may use it to look at its own folder.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import BinaryIO, NamedTuple

FILE_HEADER = b":W&B\xe1\xbe\x00"
BLOCK = 32768
HEADER = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

READ = 1 << 20
RESCAN = 4 << 20  # how much of an undecided tail is looked at again when the file has grown

_unpack = struct.Struct("<IHB").unpack_from
_TYPE_CRC = [zlib.crc32(bytes([kind])) for kind in range(256)]
_TYPES = re.compile(b"[\x01-\x04]")

# Why bytes were skipped.
CHECKSUM = "checksum"  # a chunk whose bytes changed
ZEROS = "zeros"  # nothing but zero bytes, as a crashed file system leaves them
ORPHAN = "orphan"  # the end of a record whose beginning is gone
CUT_SHORT = "cut short"  # the beginning of a record whose end is gone
FILE_START = "file header"  # the seven bytes that name the format
TAIL = "unreadable end"  # bytes at the end that are neither a record nor the beginning of one


class Lost(NamedTuple):
    """Bytes of the log from `start` to `end` that hold no readable record, and why."""

    start: int
    end: int
    reason: str


class Cut(NamedTuple):
    """What one read gave: (offset, record) pairs in order, the bytes that were skipped, offsets of joined records.

    `at_end`: nothing more is complete in the file right now. `torn`: bytes at the end of a finished log that a writer
    left incomplete; that is how a killed run ends and not damage.
    """

    records: list[tuple[int, bytes]]
    lost: list[Lost]
    joined: list[int]
    at_end: bool
    torn: int


class Scanner:
    """Goes through one log from front to back. Used by one thread; opens nothing: the caller passes the file.

    `position` is where the next record begins, as far as it is known: it stays before an incomplete record.
    """

    def __init__(self) -> None:
        self._next = 0  # where the next chunk is looked for
        self._parts: list[bytes] = []  # the chunks so far of a record that spans blocks
        self._record = 0  # where that record began
        self._bad: int | None = None  # where the bytes became unreadable
        self._tail: int | None = None  # the tail that was reported already
        self._fresh()

    @property
    def position(self) -> int:
        """The byte offset up to which everything was given out or reported."""
        if self._parts:
            return self._record
        return self._next if self._bad is None else self._bad

    def read(self, file: BinaryIO, limit: int = READ, stop: int | None = None, finished: bool = False) -> Cut:
        """Cut at least one record, and about `limit` bytes, off the file.

        stop: begin no record at or behind this offset. finished: nobody writes any more, so bytes at the end that
        never became a record are settled now. Raises OSError only.
        """
        self._fresh()
        left = limit
        at_end = False
        while not at_end and (left > 0 or not (self._records or self._lost)):
            if stop is not None and self.position >= stop:
                break
            before = self._next
            file.seek(before)
            data = file.read(max(READ, min(left, 16 * READ)) // BLOCK * BLOCK + BLOCK - before % BLOCK)
            at_end = not data or (before + len(data)) % BLOCK != 0
            self._take(data, stop)
            left -= self._next - before
        if at_end and self._bad is not None:
            self._wait_at_end()
        torn = self._settle(file) if finished and at_end else 0
        return Cut(self._records, self._lost, self._joined, at_end, torn)

    def _fresh(self) -> None:
        self._records: list[tuple[int, bytes]] = []
        self._lost: list[Lost] = []
        self._joined: list[int] = []

    def _take(self, data: bytes, stop: int | None) -> None:
        """Work through `data`, which begins at `_next` and ends at a block's end or at the end of the file."""
        base = self._next
        at = 0
        if base == 0 and self._bad is None:
            if len(data) < HEADER:
                return
            at = self._file_start(data)
        until = len(data) if stop is None else stop - base
        while at < min(len(data), until):
            if self._bad is not None:
                found = _search(data, at, base)
                if found < 0:
                    at = len(data)
                    break
                self._skip(self._bad, base + found, _reason(data, self._bad - base, found))
                self._bad = None
                at = found
            block_end = at + BLOCK - (base + at) % BLOCK
            end = min(len(data), block_end)
            at = self._cut_block(data, at, end, base, until)
            if at >= until:
                break
            if end - at < HEADER:
                if end < block_end:
                    break  # the next header is not complete yet
                at = end
            elif _may_grow(data, at, base) and _search(data, at + 1, base) < 0:
                break  # with a good chunk behind it, it does not grow: its length is damaged
            else:
                self._bad = base + at
                at += 1
        self._next = base + at

    def _file_start(self, data: bytes) -> int:
        if data.startswith(FILE_HEADER):
            return HEADER
        if _good_chunk(data, HEADER, min(len(data), BLOCK)):
            self._skip(0, HEADER, FILE_START)
            return HEADER
        self._bad = 0
        return 0

    def _cut_block(self, data: bytes, at: int, end: int, base: int, until: int) -> int:
        """Take good chunks from `at` on, none that begins at `until` or ends behind `end`; gives where it stopped."""
        records = self._records
        crc32, unpack, crcs = zlib.crc32, _unpack, _TYPE_CRC
        last = min(end - HEADER, until - 1)
        while at <= last:
            crc, length, kind = unpack(data, at)
            after = at + HEADER + length
            if after > end or not 1 <= kind <= 4:
                break
            payload = data[at + HEADER : after]
            if crc32(payload, crcs[kind]) != crc:
                break
            if kind == 1 and not self._parts:
                records.append((base + at, payload))
            else:
                self._piece(kind, payload, base + at, base + after)
            at = after
        return at

    def _piece(self, kind: int, payload: bytes, start: int, after: int) -> None:
        """A chunk that is part of a record, or that shows that one was cut short."""
        if kind in (FULL, FIRST):
            if self._parts:
                self._parts = []
                self._skip(self._record, start, CUT_SHORT)
            if kind == FULL:
                self._records.append((start, payload))
            else:
                self._record = start
                self._parts = [payload]
        elif not self._parts or start % BLOCK:  # what continues a record stands at the front of a block
            self._skip(self._record if self._parts else start, after, ORPHAN)
            self._parts = []
        else:
            self._parts.append(payload)
            if kind == LAST:
                self._records.append((self._record, b"".join(self._parts)))
                self._joined.append(self._record)
                self._parts = []

    def _wait_at_end(self) -> None:
        """Nothing good up to the end of the file: look at those bytes again when it has grown, if they are not many."""
        assert self._bad is not None
        if self._next - self._bad <= RESCAN:
            self._next, self._bad = self._bad, None
        else:
            self._next -= self._next % BLOCK

    def _skip(self, start: int, end: int, reason: str) -> None:
        if self._parts:  # the record that was being put together is lost with it
            start = min(start, self._record)
            self._parts = []
        if self._lost and self._lost[-1].end == start:
            start, _, reason = self._lost.pop()
        self._lost.append(Lost(start, end, reason))

    def _settle(self, file: BinaryIO) -> int:
        """Say what the end of a finished log is; gives the length of a torn tail."""
        start = self._next if self._bad is None else self._bad
        end = file.seek(0, 2)
        file.seek(start)
        data = file.read(BLOCK)
        unclear = data.strip(b"\0") if self._tail != start else b""
        if start == 0 and FILE_HEADER.startswith(data):
            return len(data)
        if end - start < HEADER or (unclear and _may_grow(data, 0, start)):
            return end - self.position if unclear or self._parts else 0
        if self._tail != start:
            self._tail = start
            self._lost.append(Lost(self.position, end, TAIL if unclear else ZEROS))
        return 0


def _good_chunk(data: bytes, at: int, end: int) -> bool:
    if at + HEADER > end:
        return False
    crc, length, kind = _unpack(data, at)
    after = at + HEADER + length
    if after > end or not 1 <= kind <= 4:
        return False
    return zlib.crc32(data[at + HEADER : after], _TYPE_CRC[kind]) == int(crc)


def _may_grow(data: bytes, at: int, base: int) -> bool:
    """Whether the bytes at `at` can be the beginning of a chunk that is still being written."""
    if len(data) - at < HEADER:
        return True
    _, length, kind = _unpack(data, at)
    after = at + HEADER + length
    block_end = at + BLOCK - (base + at) % BLOCK
    return bool(1 <= kind <= 4 and len(data) < after <= block_end)


def _search(data: bytes, at: int, base: int) -> int:
    """The first offset from `at` on where a chunk with a good checksum stands inside its block; -1 if there is none.

    A chance hit needs 32 bits of checksum to agree: once in some hundred gigabytes of garbage.
    """
    while at < len(data):
        end = min(len(data), at + BLOCK - (base + at) % BLOCK)
        for hit in _TYPES.finditer(data, at + HEADER - 1, end):
            start = hit.start() - (HEADER - 1)
            if _good_chunk(data, start, end):
                return start
        at = end
    return -1


def _reason(data: bytes, start: int, end: int) -> str:
    return CHECKSUM if start < 0 or data[start:end].strip(b"\0") else ZEROS
