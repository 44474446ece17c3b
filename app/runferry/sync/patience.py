"""Whether what looks like damage in a log may be believed: not while somebody may just be copying it.

Copiers write the blocks of a file in any order (rsync in place, the cache of a network drive), so a hole in the middle
may only be a part that is still to come. A hole is believed when the file has been quiet, or when it stayed the same
for long though something is written behind it.
"""

from __future__ import annotations

from pathlib import Path

from runferry.clock import Clock
from runferry.formats.readers import Extent, extent
from runferry.sync.source import Source

QUIET = 5.0  # seconds without a change of the file
LONGEST = 60.0  # seconds of the same hole, in a log that goes on being written: caches are written out by then
LOOK = 1.0  # seconds between two looks at a hole


class Patience:
    """Of one log. Used by one thread at a time."""

    def __init__(self) -> None:
        self._hole: int | None = None
        self._hole_since = 0.0  # monotonic
        self._seen: Extent | None = None
        self._seen_since = 0.0

    def prepare(self, source: Source, clock: Clock) -> None:
        """Before a turn. Raises OSError where the log cannot be looked at."""
        source.is_patient = not self._is_quiet(source.log, clock)

    def waits(self, source: Source, clock: Clock) -> bool:
        """After reading: whether there is a hole that is not believed yet; come back after `LOOK`."""
        if source.held != self._hole:
            self._hole, self._hole_since = source.held, clock.monotonic()
        return self._hole is not None

    def _is_quiet(self, log: Path, clock: Clock) -> bool:
        now, found = clock.monotonic(), extent(log)
        if found != self._seen:
            self._seen, self._seen_since = found, now
        if self._hole is not None and now - self._hole_since >= LONGEST:
            return True
        return now - self._seen_since >= QUIET or clock.time() - found.mtime_ns / 1e9 >= QUIET
