"""How often a run's turns broke off since one went through, and when the next one makes sense."""

from __future__ import annotations

import math

from runferry.errors import AppError, TemporaryError
from runferry.remote.failures import ServerTrouble
from runferry.status import SyncState
from runferry.sync.connection import Connection

LONGEST_RUN_WAIT = 60.0
PATIENCE = 5  # failures that concern this run alone (half a minute), after which it is shown as a problem
SELDOM = 5.0
HEALS_HERE = {"disk-full", "state-locked", "state-unusable"}


class Failures:
    """Of one run."""

    def __init__(self) -> None:
        self._count = 0

    def reset(self) -> None:
        """A turn went through."""
        self._count = 0

    def judge(self, error: AppError, connection: Connection) -> tuple[SyncState, float | None]:
        """Retrying or a problem, and the seconds until the next turn; None while a person is needed.

        What is wrong on this computer (the disk is full, the log cannot be read) is shown as a problem, so that nobody
        waits for it, and is tried again all the same: nobody tells us when it is right again.
        """
        if error.slug not in HEALS_HERE and not isinstance(error, TemporaryError):
            return SyncState.PROBLEM, None
        self._count += 1
        own = min(2.0 ** min(self._count - 1, 10), LONGEST_RUN_WAIT)
        if isinstance(error, ServerTrouble):
            wait, own = connection.wait(), min(own, connection.longest_wait)
            # Without end: meanwhile another run found out that a person is needed, or somebody paused it. The next
            # turn finds that out, too.
            return SyncState.RETRYING, own if wait == math.inf else max(wait, own)
        if isinstance(error, TemporaryError) and self._count <= PATIENCE:
            return SyncState.RETRYING, max(own, error.retry_after or 0.0)
        return SyncState.PROBLEM, max(own, SELDOM)
