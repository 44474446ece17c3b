"""Measurements that come into the folder of a run that is over and verified: rsync brought them after its log.

Ten thousand such runs are no unusual folder. Of each look only a part of them is looked at, by one question for the age
of the folder; its names are listed only where something came into it. Nothing is read or sent here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runferry.engine.settled import Settled, log_in
from runferry.state.ledger import Ledger
from runferry.state.samples import collected_in
from runferry.sync.host_samples import has_more
from runferry.sync.sample_source import SampleSource

AT_ONCE = 200  # run folders per look: a round of 10,000 takes some minutes
_SLACK = 3600.0  # seconds that the clock of a file server may be behind ours

Sizes = tuple[tuple[str, int], ...]


class LateSamples:
    """Asked by one thread, again and again."""

    def __init__(self, most: int = AT_ONCE, now: Callable[[], float] = time.time) -> None:
        self._most, self._now = max(most, 1), now
        self._at = 0
        self._began = 0.0  # when the round in hand was begun
        self._since = 0.0  # what changed before was seen by an earlier round; seconds since the epoch
        self._known: dict[str, Sizes] = {}  # only of folders that hold measurements

    def due(self, settled: Settled, ledger: Ledger, samples: SampleSource) -> list[Path]:
        """Of the settled runs, the logs of those that are found now to have measurements which were not sent."""
        found = [Path(log_in(one)) for one in self.look([one.path for one in settled.statuses()])]
        return [one for one in found if are_due(ledger, samples, one)]

    def look(self, folders: Sequence[str]) -> list[str]:
        """Those of the next run folders whose measurements are others than at the last look."""
        if self._at >= len(folders):
            self._at = 0
        if not self._at:
            self._since, self._began = max(self._began - _SLACK, 0.0), self._now()
        part = folders[self._at : self._at + self._most]
        self._at += self._most
        return [one for one in part if self._has_changed(one)]

    def _has_changed(self, folder: str) -> bool:
        before = self._known.get(folder)
        try:
            # The time that rsync cannot set. A file that only grows does not change it.
            if before is None and os.stat(folder).st_ctime < self._since:  # noqa: PTH116 -- thousands
                return False
        except OSError:
            return False
        now = collected_in(folder)
        if now:
            self._known[folder] = now
        return bool(now) and now != before


def are_due(ledger: Ledger, samples: SampleSource, log: Path) -> bool:
    """Whether a log that was verified has measurements beside it that were not sent to where it is verified."""
    return any(
        has_more(ledger, delivery, file)
        for delivery, row in ledger.deliveries_of(log)
        if delivery.state == "verified"
        for file in samples.files(row["identity"], log.parent)
    )
