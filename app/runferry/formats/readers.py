"""The reader for a log, by what stands for the run on disk; and how large and how old that is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from runferry.errors import AppError
from runferry.formats.entries import Batch, RunContent
from runferry.formats.legacy import CONFIG, EVENTS, METADATA, OUTPUT, SUMMARY, LegacyReader, is_legacy_log
from runferry.formats.log_reader import LogReader
from runferry.wire.scanning import READ

_FRONT = 1 << 20  # bytes of a log in which its run record begins
_STEP = 64 << 10  # bytes


class Reader(Protocol):
    """Reads one run from front to back and goes on when it has grown; see `LogReader`."""

    path: Path
    content: RunContent
    torn: int

    @property
    def position(self) -> int:
        """Byte offset up to which everything was given out."""

    def read(
        self, max_bytes: int = READ, stop: int | None = None, finished: bool = False, patient: bool = False
    ) -> Batch:
        """More of the run."""


class Extent(NamedTuple):
    """Bytes, and when they changed last in nanoseconds since the epoch."""

    size: int
    mtime_ns: int


def open_reader(log: Path) -> Reader:
    """The reader that understands this log; nothing is opened before it reads."""
    return LegacyReader(log) if is_legacy_log(log) else LogReader(log)


def front(log: Path) -> RunContent:
    """What stands first in a log: which run it is of, and who writes it; empty texts where it cannot be read.

    The run record holds the config, so it may be some megabytes long.
    """
    reader = open_reader(log)
    with suppress(AppError):
        while not reader.read(max_bytes=_STEP, stop=_FRONT).at_end and not reader.content.run.run_id:
            pass
    return reader.content


def extent(log: Path) -> Extent:
    """How large the log is and when it changed; for a run without one: all files that grow. Raises OSError."""
    if not is_legacy_log(log):
        found = os.stat(log)  # noqa: PTH116 -- asked ten thousand times at once
        return Extent(found.st_size, found.st_mtime_ns)
    size = newest = 0
    log.parent.stat()
    for name in (log.name, EVENTS, OUTPUT, CONFIG, SUMMARY, METADATA):
        try:
            found = (log.parent / name).stat()
        except FileNotFoundError:
            continue
        size, newest = size + found.st_size, max(newest, found.st_mtime_ns)
    return Extent(size, newest)
