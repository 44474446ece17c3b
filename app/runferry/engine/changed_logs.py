"""Logs of runs that are over and verified, and that are not what was verified any more: replaced by a longer copy, say.

Ten thousand such runs are no unusual folder. Of each look only a part is looked at, by one question for size and
age of the log; nothing is opened.
"""

from __future__ import annotations

import os
from pathlib import Path

from runferry.engine.settled import Settled, log_in
from runferry.status import RunStatus

AT_ONCE = 1000  # logs per look, some 2 ms: a round of 10,000 takes less than a minute


class ChangedLogs:
    """Asked by one thread, again and again."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self._most = most
        self._at = 0

    def due(self, settled: Settled) -> list[Path]:
        """Of the next settled runs, the logs of those that are others than they were when they settled."""
        everything = settled.statuses()
        if self._at >= len(everything):
            self._at = 0
        part = everything[self._at : self._at + self._most]
        self._at += self._most
        return [Path(log_in(one.path)) for one in part if _is_another(one)]


def _is_another(status: RunStatus) -> bool:
    """One that cannot be looked at is not: that its folder went is noticed elsewhere."""
    try:
        found = os.stat(log_in(status.path))  # noqa: PTH116 -- thousands
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns / 1e9 or None) != (status.bytes_total, status.changed)
