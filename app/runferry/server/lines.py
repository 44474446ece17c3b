"""A file of lines that are written at line numbers: history, system metrics, console.

Writing the same lines again at the same number changes nothing; a line beyond the end leaves empty lines before it, so
that nothing ever moves. Every write reaches the operating system before `write` returns, and the disk with the next
group commit. An append that a kill or a power cut leaves torn is taken back on the next load; a change in the middle
goes through a redo file first: it happens fully or not at all.

Not safe for several threads: the run folder's lock is held around every call. Never parses what the lines mean.
"""

from __future__ import annotations

import contextlib
import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from runferry.server.commits import Commits, Part, sync_folder
from runferry.server.durable import open_private, write_whole

BLOCK = 1 << 16
MAX_GAP = 1_000_000  # lines that one write may leave empty; more is a mistaken offset
_CHUNK = 1 << 20


class OffsetRefusedError(ValueError):
    """An offset that is negative or absurdly far beyond the end."""


def encode(lines: Sequence[str], inner_newline: str) -> bytes:
    """The lines as file content. One line break at the end of a line is dropped (old clients send it), others inside
    a line become `inner_newline`; halves of surrogate pairs become their JSON escape."""
    if not lines:
        return b""
    text = "\n".join(lines) + "\n"
    if text.count("\n") != len(lines):
        text = "".join(line.removesuffix("\n").replace("\n", inner_newline) + "\n" for line in lines)
    return text.encode("utf-8", "backslashreplace")


class LineFile:
    """One such file. `count` and `size` are valid after `load`; `generation` changes when written lines change."""

    def __init__(self, path: Path, inner_newline: str = " ", commits: Commits | Part | None = None) -> None:
        self.path = path
        self._commits = commits or Commits()
        self.count = 0
        self.size = 0
        self.generation = 0
        self._inner_newline = inner_newline
        self._redo = path.with_name(path.name + ".redo")
        self._starts: list[int] = []  # lines before each block of the file
        self._loaded = False

    def load(self) -> None:
        """Repair what a kill left, and count. Costs one read of the file; later calls cost nothing."""
        if self._loaded:
            return
        if self._redo.exists():
            self._apply_redo()
        self.count = self.size = 0
        self._starts = []
        if self.path.exists():
            torn = self._scan()
            if torn:
                self._truncate(self.size - torn)
                self._shrink(self.size - torn, self.count)
        self._loaded = True

    def _scan(self) -> int:
        """Count the whole file; returns how many bytes at its end are not a whole line."""
        torn = 0
        with self._open() as file:
            while chunk := file.read(_CHUNK):
                last = chunk.rfind(b"\n")
                torn = torn + len(chunk) if last < 0 else len(chunk) - last - 1
                self._extend(chunk)
        return torn

    def _extend(self, data: bytes) -> None:
        done = 0
        while done < len(data):
            room = BLOCK - self.size % BLOCK
            if room == BLOCK:
                self._starts.append(self.count)
            self.count += data.count(b"\n", done, done + room)
            taken = min(room, len(data) - done)
            self.size += taken
            done += taken

    def _shrink(self, size: int, count: int) -> None:
        self.size, self.count = size, count
        del self._starts[-(-size // BLOCK) :]

    def write(self, offset: int, lines: Sequence[str]) -> None:
        """Put `lines` at line number `offset`. Raises `OffsetRefusedError`, or OSError with the file unchanged."""
        self.load()
        if offset < 0 or offset > self.count + MAX_GAP:
            raise OffsetRefusedError(f"line {offset} cannot be written: the file has {self.count} lines")
        data = encode(lines, self._inner_newline)
        if not data:
            return
        if offset >= self.count:
            self._append(b"\n" * (offset - self.count) + data)
        else:
            self._overwrite(offset, len(lines), data)

    def _append(self, data: bytes) -> None:
        is_new = self.size == 0
        try:
            with os.fdopen(open_private(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._truncate(self.size)
            self._loaded = False  # whatever is there now is looked at afresh
            raise
        self._commits.written(files=[self.path], folders=[self.path.parent] if is_new else [])
        self._extend(data)

    def _overwrite(self, offset: int, number: int, data: bytes) -> None:
        start = self._byte_of(offset)
        stop = self._byte_of(min(offset + number, self.count))
        old = self._read(start, stop)
        if stop == self.size and data.startswith(old):
            if len(data) > len(old):
                self._append(data[len(old) :])
            return
        if old == data:
            return
        tail = self._read(stop, self.size)
        write_whole(self._redo, b"%d\n" % start + data + tail, self._commits)
        sync_folder(self._redo.parent)  # what follows may only begin when its redo can be found after a power cut
        self._loaded = False  # if applying fails half-way, the next load applies it again
        self._apply_redo()
        self._shrink(start, offset)
        self._extend(data + tail)
        self.generation += 1
        self._loaded = True

    def _apply_redo(self) -> None:
        with os.fdopen(open_private(self._redo, os.O_RDONLY), "rb") as redo:
            head, _, content = redo.read().partition(b"\n")
        with os.fdopen(open_private(self.path, os.O_RDWR | os.O_CREAT), "r+b") as file:
            file.seek(int(head))
            file.write(content)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        self._redo.unlink()
        self._commits.written(folders=[self.path.parent])

    def _truncate(self, size: int) -> None:
        handle = open_private(self.path, os.O_WRONLY)
        try:
            os.ftruncate(handle, size)
        finally:
            os.close(handle)
        self._commits.written(files=[self.path])

    def _open(self) -> BinaryIO:
        return os.fdopen(open_private(self.path, os.O_RDONLY), "rb")

    def _byte_of(self, line: int) -> int:
        """Where line number `line` begins."""
        if line <= 0:
            return 0
        if line >= self.count:
            return self.size
        block = bisect_left(self._starts, line) - 1
        data = self._read(block * BLOCK, min((block + 1) * BLOCK, self.size))
        found = -1
        for _ in range(line - self._starts[block]):
            found = data.index(b"\n", found + 1)
        return block * BLOCK + found + 1

    def _read(self, start: int, stop: int) -> bytes:
        if stop <= start:
            return b""
        with self._open() as file:
            file.seek(start)
            return file.read(stop - start)

    def iterate(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The lines from number `start` up to `stop`, without their line breaks; a hole is an empty line."""
        self.load()
        stop = self.count if stop is None else min(stop, self.count)
        if start >= stop:
            return
        left = stop - start
        rest = b""
        with self._open() as file:
            file.seek(self._byte_of(start))
            while left > 0 and (chunk := file.read(_CHUNK)):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole[:left]
                left -= len(whole)

    def tail(self, number: int) -> list[bytes]:
        """The last `number` lines that are not holes, oldest first, looking at no more than 4 times as many."""
        self.load()
        lines = [line for line in self.iterate(max(0, self.count - 4 * number)) if line]
        return lines[-number:]

    def first_hole(self) -> int | None:
        """The number of the first line that was never written. Reads the file up to there."""
        return next((number for number, line in enumerate(self.iterate()) if not line), None)

    def holes(self) -> int:
        """How many lines were never written. Reads the file."""
        return sum(1 for line in self.iterate() if not line)
