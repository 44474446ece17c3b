"""Keeps line numbers right when the part of a log that was sent already has lost rows since.

The ledger knows up to which byte a log was sent, and how many lines stood before it. A log that shows fewer lines
there now was damaged or cut after it was sent; what stands behind that byte keeps the numbers that it would have had,
so that no row is skipped as sent and none takes the place of another.
"""

from __future__ import annotations

import logging
from bisect import bisect_left

from runferry.formats.readers import extent
from runferry.state.delivery import Delivery
from runferry.sync.source import Part, Source

log = logging.getLogger(__name__)

LEFT_ALONE = 60.0  # seconds without a change after which a log that became shorter is not being copied back


class Placing:
    """For one log and one server. `missing`: lines per stream that were sent and that the log no longer shows."""

    def __init__(self, delivery: Delivery) -> None:
        self.mark = delivery.position  # not reached yet; 0 when it is behind us
        self._sent = dict(delivery.at_position)
        self.missing = dict.fromkeys(self._sent, 0)

    def apply(self, part: Part) -> None:
        """Number a part's lines as the server knows them; a second call for the same part does nothing."""
        if part.is_placed:
            return
        part.is_placed = True
        if self.mark and part.position >= self.mark:
            self._pass_mark(part)
        for stream, count in self.missing.items():
            part.first[stream] += count

    def accept_cut(self, source: Source, now: float) -> bool:
        """Whether the log ends before the mark and will not grow back: then what it gets from now on is new.

        now: seconds since the epoch.
        """
        if not self.mark or self.mark <= source.reader.position:
            return False
        found = extent(source.log)
        if found.size >= self.mark or now - found.mtime_ns / 1e9 < LEFT_ALONE:
            return False
        log.warning("%s was cut after it was sent", source.log)
        counts = source.counts
        self.missing = {stream: max(sent - counts[stream], 0) for stream, sent in self._sent.items()}
        self.mark = 0
        return True

    def _pass_mark(self, part: Part) -> None:
        for stream, lines in (("history", part.history), ("events", part.events)):
            places = part.places.get(stream, [])
            if len(places) != len(lines):
                continue
            before = bisect_left(places, self.mark)
            found = part.first[stream] + before
            if found < self._sent[stream]:
                self.missing[stream] = self._sent[stream] - found
                log.warning("%s of %s sent %s lines are gone from the log", self.missing[stream], found, stream)
                del lines[:before], places[:before]
                part.first[stream] = found
                if stream == "history":
                    del part.steps[:before]
        self.mark = 0
