"""Appends records to the run's transaction log: one `os.write` each, on an O_APPEND descriptor.

Runs on whatever thread records; the caller holds the run's lock. It must never raise into the caller for what a disk
can do, never start a thread, and never leave bytes behind that hide later records: what a full disk cut off is taken
back before anything else is written.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib

from runferry.wire.framing import BLOCK, FILE_HEADER, FULL_CRC, HEADER, chunks, padding

_pack = struct.Struct("<IHB").pack
_UNKNOWN = -1


class LogWriter:
    """The log of one run. `open` creates the file; `position` is its length as far as it is known."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.error: OSError | None = None  # why the last append failed
        self._fd = -1
        self._good = 0  # length up to which the file holds whole records
        self._position = _UNKNOWN

    def open(self) -> None:
        """Create the log with its header. Raises OSError: only here, before training starts."""
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._fd = os.open(self.path, flags, 0o644)
        if os.write(self._fd, FILE_HEADER) != len(FILE_HEADER):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        self._good = self._position = len(FILE_HEADER)

    @property
    def is_open(self) -> bool:
        """False before `open` and after `close`."""
        return self._fd >= 0

    @property
    def position(self) -> int:
        """Length of the part of the file that holds whole records."""
        return self._good

    def append(self, record: bytes) -> bool:
        """Give one encoded record to the operating system; tells whether all of it is there."""
        position = self._position
        if position < 0 and not self._repair():
            return False
        position = self._good
        size = len(record)
        if BLOCK - position % BLOCK >= size + HEADER and size:
            data = _pack(zlib.crc32(record, FULL_CRC), size, 1) + record
        else:
            data = chunks(record, position)
        # Unknown until the write returned: a KeyboardInterrupt may come between the two, and the next call looks.
        self._position = _UNKNOWN
        try:
            written = os.write(self._fd, data)
            if written != len(data):
                written = self._write_rest(data, written)
        except OSError as problem:
            self.error = problem
            self._repair()
            return False
        self._position = self._good = position + written
        return True

    def _write_rest(self, data: bytes, written: int) -> int:
        """A short write: a signal, or the last free bytes of the disk. Raises OSError when it does not go on."""
        while written < len(data):
            count = os.write(self._fd, memoryview(data)[written:])
            if count <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
            written += count
        return written

    def _repair(self) -> bool:
        """Find out how long the file is, and take back a record that is there in part; False: not possible now."""
        if self._fd < 0:
            return False
        try:
            length = os.fstat(self._fd).st_size
            if length != self._good and not self._ends_whole(length):
                self._cut(length)
        except OSError as problem:
            self.error = problem
            return False
        self._position = self._good
        return True

    def _ends_whole(self, length: int) -> bool:
        """True when an interrupted call had written its record completely: then it stays, and counts."""
        if length < self._good + HEADER:
            return False
        reader = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            if not os.path.sameopenfile(reader, self._fd):
                return False
            os.lseek(reader, self._good, os.SEEK_SET)
            tail = os.read(reader, length - self._good)
        finally:
            os.close(reader)
        if not _is_one_record(tail, self._good):
            return False
        self._good = length
        return True

    def _cut(self, length: int) -> None:
        """Truncate to the last whole record; where that is refused, fill the block so that the next one is clean."""
        try:
            os.ftruncate(self._fd, self._good)
        except OSError:
            filler = padding(length)
            if os.write(self._fd, filler) != len(filler):
                raise
            self._good = length + len(filler)

    def is_deleted(self) -> bool:
        """True when the file was removed: writing still works, but nobody will find what is written."""
        try:
            return os.fstat(self._fd).st_nlink == 0
        except OSError:
            return False

    def close(self) -> None:
        """Give the descriptor back."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                os.close(fd)
            except OSError as problem:  # a network disk may tell only now that it is full
                self.error = problem


def _is_one_record(tail: bytes, position: int) -> bool:
    """Whether `tail`, which starts at `position`, is complete chunks of one record: FULL, or FIRST … LAST."""
    at = 0
    while True:
        left = BLOCK - (position + at) % BLOCK
        if left < HEADER:
            at += left
        if len(tail) < at + HEADER:
            return False
        crc, size, kind = struct.unpack_from("<IHB", tail, at)
        end = at + HEADER + size
        if end > len(tail) or zlib.crc32(tail[at + 6 : end]) != crc:
            return False
        at = end
        if kind in (1, 4):
            return len(tail) == int(at)
