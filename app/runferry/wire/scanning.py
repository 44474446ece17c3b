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

import errno
import os
import re
import struct
import time
import zlib
from typing import BinaryIO, Callable, NamedTuple

FILE_HEADER = b":W&B\xe1\xbe\x00"
BLOCK = 32768
HEADER = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

READ = 1 << 20
AT_ONCE = 0.1  # seconds that one read may look for records where there are hardly any
MOST = 50_000  # records and gaps of one read
LONGEST_RECORD = 1 << 28  # bytes; what is longer is no record that anybody wrote, and would have to be held in memory
RESCAN = 4 << 20  # how much of an undecided tail is looked at again when the file has grown

_unpack = struct.Struct("<IHB").unpack_from
_TYPE_CRC = [zlib.crc32(bytes([kind])) for kind in range(256)]
_TYPES = re.compile(b"[\x01-\x04]")
_NOTHING, _PAGE = bytes(BLOCK), bytes(4096)

# Why bytes were skipped.
CHECKSUM = "checksum"  # a chunk whose bytes changed
ZEROS = "zeros"  # nothing but zero bytes, as a crashed file system leaves them
ORPHAN = "orphan"  # the end of a record whose beginning is gone
CUT_SHORT = "cut short"  # the beginning of a record whose end is gone
FILE_START = "file header"  # the seven bytes that name the format
TOO_LONG = "too long"  # pieces of one record beyond all measure
TAIL = "unreadable end"  # bytes at the end that are neither a record nor the beginning of one


class Lost(NamedTuple):
    """Bytes of the log from `start` to `end` that hold no readable record, and why."""

    start: int
    end: int
    reason: str


class Cut(NamedTuple):
    """What one read gave: (offset, record) pairs in order, the bytes that were skipped, offsets of joined records.

    `at_end`: nothing more is complete in the file right now. `at_stop`: what begins before the stop was given out.
    `torn`: bytes at the end of a finished log that a writer left incomplete; that is how a killed run ends and not
    damage. `held`: where bytes begin that look damaged, when the caller is patient; None where there are none.
    """

    records: list[tuple[int, bytes]]
    lost: list[Lost]
    joined: list[int]
    at_end: bool
    torn: int
    at_stop: bool = False
    held: int | None = None


class _Held(Exception):
    """Damage was found, and the caller does not want to believe it yet; `args`: where it begins."""


class Scanner:
    """Goes through one log from front to back. Used by one thread; opens nothing: the caller passes the file.

    `position` is where the next record begins, as far as it is known: it stays before an incomplete record. now: a
    clock that never goes back, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next = 0  # where the next chunk is looked for
        self._parts: list[bytes] = []  # the chunks so far of a record that spans blocks
        self._size = 0  # of those, in bytes
        self._record = 0  # where that record began
        self._bad: int | None = None  # where the bytes became unreadable
        self._is_empty = False  # they are zeros, as far as they were looked at
        self._waits_at: tuple[int, bytes] | None = None  # a long tail that is not looked at again, and how it begins
        self._tail: int | None = None  # the tail that was reported already
        self._patient = False
        self._until = 0.0  # when the read in hand has taken long enough
        self._fresh()

    @property
    def position(self) -> int:
        """The byte offset up to which everything was given out or reported."""
        if self._parts:
            return self._record
        return self._next if self._bad is None else self._bad

    @property
    def looked_at(self) -> int:
        """The byte offset up to which was looked for records."""
        return self._next

    def read(
        self,
        file: BinaryIO,
        limit: int = READ,
        stop: int | None = None,
        finished: bool = False,
        patient: bool = False,
    ) -> Cut:
        """Look through about `limit` bytes of the file. What is cut off may be nothing, where a record is longer than
        that or bytes are damaged: go on until `at_end`, or `at_stop`. Ends within a moment whatever the bytes are.

        stop: begin no record at or behind this offset; one that began before is given whole. finished: nobody writes
        any more, so bytes at the end that never became a record are settled now. patient: damage is not reported but
        waited for, since somebody may just be copying this log. Raises OSError only.
        """
        self._fresh()
        self._patient, self._until = patient, self._now() + AT_ONCE
        held, torn = None, 0
        try:
            self._look_at_tail(file)
            at_end = self._go_on(file, limit, stop)
            if at_end and self._bad is not None:
                self._wait_at_end(file)
            at_end = at_end and not self._is_at(stop)
            if at_end and finished:
                torn = self._settle(file)
        except _Held as found:
            held, at_end = int(found.args[0]), True
            self._next, self._bad, self._parts = held, None, []
        return Cut(self._records, self._lost, self._joined, at_end, torn, self._is_at(stop), held)

    def _go_on(self, file: BinaryIO, limit: int, stop: int | None) -> bool:
        """Read and cut until enough was looked through, or enough found; whether that was the end of the file."""
        left = limit
        while left > 0 and not self._is_at(stop):
            before = self._next
            file.seek(before)
            data = file.read(max(READ, min(left, 16 * READ)) // BLOCK * BLOCK + BLOCK - before % BLOCK)
            is_last = not data or (before + len(data)) % BLOCK != 0
            is_through = self._take(data, stop)
            left -= self._next - before
            if is_last and is_through:
                return True
            if not is_through or self._is_enough():
                return False
            if self._bad is not None and data.endswith(_PAGE):
                there = next_data(file, self._next)
                self._next = max(self._next, there - there % BLOCK)
        return False

    def _is_at(self, stop: int | None) -> bool:
        """Whether everything that begins before `stop` was given out: no record is under way, and none was found."""
        return stop is not None and self._next >= stop and not self._parts

    def _is_enough(self) -> bool:
        return len(self._records) + len(self._lost) >= MOST or self._now() >= self._until

    def _fresh(self) -> None:
        self._records: list[tuple[int, bytes]] = []
        self._lost: list[Lost] = []
        self._joined: list[int] = []

    def _take(self, data: bytes, stop: int | None) -> bool:
        """Work through `data`, which begins at `_next` and ends at a block's end or at the end of the file; false where
        that takes too long and is broken off."""
        base = self._next
        at = 0
        if base == 0 and self._bad is None:
            if len(data) < HEADER:
                return True
            at = self._file_start(data)
        while at < len(data):
            # A record that was begun is read to its end, wherever that is.
            until = len(data) if stop is None or self._parts else stop - base
            if at >= until:
                break
            end = min(len(data), at + BLOCK - (base + at) % BLOCK)
            if self._bad is not None:
                at = self._look_for_good(data, at, end, base)
            else:
                at, is_end = self._behind(data, self._cut_block(data, at, end, base, stop), end, base, stop)
                if is_end:
                    break
            if at < len(data) and self._is_enough():
                self._next = base + at
                return False
        self._next = base + at
        return True

    def _look_for_good(self, data: bytes, at: int, end: int, base: int) -> int:
        """Search a part of one block for where the bytes become readable again; gives where to go on."""
        assert self._bad is not None
        is_empty = data[at:end] == _NOTHING[: end - at]
        found = -1 if is_empty else _search(data, at, end)
        upto = found if found >= 0 else end
        self._is_empty = self._is_empty and (is_empty or data[at:upto] == _NOTHING[: upto - at])
        if found >= 0:
            self._skip(self._bad, base + found, ZEROS if self._is_empty else CHECKSUM)
            self._bad = None
        return upto

    def _behind(self, data: bytes, at: int, end: int, base: int, stop: int | None) -> tuple[int, bool]:
        """What follows the last good chunk before `end`, which is the end of a block or of the data: the next block,
        damage, or nothing yet. Gives where to go on, and whether nothing more can be read there now."""
        if stop is not None and not self._parts and base + at >= stop:
            return at, True
        if end - at < HEADER:  # perhaps the next header is not complete yet
            return (end, False) if (base + end) % BLOCK == 0 else (at, True)
        if _may_grow(data, at, base) and _search(data, at + 1, end) < 0:
            return at, True  # with a good chunk behind it, it does not grow: its length is damaged
        self._bad, self._is_empty = base + at, data[at] == 0
        return at + 1, False

    def _file_start(self, data: bytes) -> int:
        if data.startswith(FILE_HEADER):
            return HEADER
        if _good_chunk(data, HEADER, min(len(data), BLOCK)):
            self._skip(0, HEADER, FILE_START)
            return HEADER
        self._bad, self._is_empty = 0, True
        return 0

    def _cut_block(self, data: bytes, at: int, end: int, base: int, stop: int | None) -> int:
        """Take good chunks from `at` on, none that ends behind `end`, and no record that begins at or behind `stop`;
        gives where it stopped."""
        records = self._records
        crc32, unpack, crcs = zlib.crc32, _unpack, _TYPE_CRC
        last = end - HEADER
        border = end if stop is None else stop - base
        while at <= last and (at < border or self._parts):
            crc, length, kind = unpack(data, at)
            after = at + HEADER + length
            if after > end or not 1 <= kind <= 4:
                break
            payload = data[at + HEADER : after]
            if crc32(payload, crcs[kind]) != crc:
                break
            if kind == FULL and not self._parts:
                records.append((base + at, payload))
            elif at >= border and kind <= FIRST:  # it begins a record
                self._skip(self._record, base + at, CUT_SHORT)
                break
            else:
                self._piece(kind, payload, base + at, base + after)
            at = after
        return at

    def _piece(self, kind: int, payload: bytes, start: int, after: int) -> None:
        """A chunk that is part of a record, or that shows that one was cut short."""
        if kind in (FULL, FIRST):
            if self._parts:
                self._skip(self._record, start, CUT_SHORT)
            if kind == FULL:
                self._records.append((start, payload))
            else:
                self._record, self._parts, self._size = start, [payload], len(payload)
        elif not self._parts or start % BLOCK:  # what continues a record stands at the front of a block
            self._skip(start, after, ORPHAN)
        elif self._size + len(payload) > LONGEST_RECORD:
            self._skip(self._record, after, TOO_LONG)
        else:
            self._parts.append(payload)
            self._size += len(payload)
            if kind == LAST:
                self._records.append((self._record, b"".join(self._parts)))
                self._joined.append(self._record)
                self._parts = []

    def _wait_at_end(self, file: BinaryIO) -> None:
        """Nothing good up to the end of the file: look at those bytes again when it has grown, if they are not many,
        or if somebody writes into them, as a copier does that reserves the space first."""
        assert self._bad is not None
        if self._patient or self._next - self._bad <= RESCAN:
            self._next, self._bad = self._bad, None
        else:
            self._next -= self._next % BLOCK
            file.seek(self._bad)
            self._waits_at = self._bad, file.read(HEADER)

    def _look_at_tail(self, file: BinaryIO) -> None:
        if self._waits_at is None:
            return
        (place, before), self._waits_at = self._waits_at, None
        file.seek(place)
        if self._bad == place and file.read(HEADER) != before:
            self._next, self._bad = place, None

    def _skip(self, start: int, end: int, reason: str) -> None:
        if self._parts:  # the record that was being put together is lost with it
            start = min(start, self._record)
            self._parts = []
        if start == end:
            return
        if self._patient:
            raise _Held(start)
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
            if self._patient:
                raise _Held(self.position)
            self._tail = start
            self._lost.append(Lost(self.position, end, TAIL if unclear else ZEROS))
        return 0


def next_data(file: BinaryIO, at: int) -> int:
    """Where a sparse file has something again, from `at` on: what was never written need not be read. `at` itself where
    the system does not say, the end of the file where nothing follows."""
    try:
        handle = file.fileno()
        there = os.lseek(handle, 0, os.SEEK_CUR)
    except (AttributeError, OSError, ValueError):  # no file of the system
        return at
    try:
        return os.lseek(handle, at, os.SEEK_DATA)
    except AttributeError:  # Windows
        return at
    except OSError as error:
        return os.lseek(handle, 0, os.SEEK_END) if error.errno == errno.ENXIO else at
    finally:
        os.lseek(handle, there, os.SEEK_SET)


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


def _search(data: bytes, at: int, end: int) -> int:
    """The first offset from `at` on where a chunk with a good checksum stands before `end`, in the same block; -1 if
    there is none.

    A chance hit needs 32 bits of checksum to agree: once in some hundred gigabytes of garbage.
    """
    for hit in _TYPES.finditer(data, at + HEADER - 1, end):
        start = hit.start() - (HEADER - 1)
        if _good_chunk(data, start, end):
            return start
    return -1
