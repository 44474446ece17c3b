"""Whether a server has what a run's log says: when it is asked, how often, and what comes of its answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.status import SyncState
from runferry.sync import known
from runferry.sync.connection import Connection
from runferry.sync.destination import Destination
from runferry.sync.means import Means
from runferry.sync.obstacles import not_as_sent
from runferry.sync.outlet import Outlet
from runferry.sync.wishes import Wishes

RECHECKS = (1.0, 3.0, 10.0)  # seconds: a server may need a moment until its counts show what it took
MOST_HEALED = 2  # so often a server may lose lines of a run before it is called a problem
SLOW_CHECKS = 2  # so many times the server may only have been slow; then a file that it does not have is sent again


class Verdict(NamedTuple):
    """What a comparison came to. `again`: seconds until it is to be made once more, before anything is said."""

    state: SyncState
    error: AppError | None = None
    again: float | None = None


class Checking:
    """Of one run. `is_asked`: somebody wants to know, so the server is asked even where the ledger says verified."""

    def __init__(self, is_asked: bool) -> None:
        self.is_asked = is_asked
        self._tries = self._healed = 0

    def known(
        self, folder: RunFolder, destination: Destination, connection: Connection, means: Means, wishes: Wishes
    ) -> dict[str, Any] | None:
        """The counts of an earlier verification, as long as the log has not changed since; None where there is none.

        Raises AppError where the server is to be asked and cannot be.
        """
        wanted = destination.matches(folder.run_id)
        found = known.find(means.ledger, folder.log, connection.server.identity, wanted)
        if found is None or known.has_samples(means, wishes, found, folder.path):
            return None
        if self.is_asked and not known.still_agrees(means.ledger, connection, found, folder.files_dir):
            return None
        self.is_asked = False
        return {**found[0].counts, "rows_sent": 0}

    def compare(self, outlet: Outlet) -> Verdict:
        """Ask the server what it has; everything was sent. Raises AppError where it cannot be asked."""
        obstacle = outlet.obstacle()
        if obstacle is not None:
            return self._final(SyncState.SENT, obstacle)
        found = outlet.compare()
        if not found.wrong:
            return self._final(SyncState.VERIFIED)
        if self._tries == len(RECHECKS):
            return self._final(SyncState.PROBLEM, not_as_sent(found.wrong))
        self._tries += 1
        if found.is_short and self._heals(outlet):
            return Verdict(SyncState.SENT, again=0.0)
        is_sent_again = self._tries == SLOW_CHECKS and outlet.send_again(found.files, found.lacks)
        return Verdict(SyncState.SENT, again=0.0 if is_sent_again else RECHECKS[self._tries - 1])

    def _heals(self, outlet: Outlet) -> bool:
        """A Runferry server counts what it has; of others it may only not be counted yet."""
        if self._healed == MOST_HEALED or not (outlet.healing.is_counted_at_once or self._tries == SLOW_CHECKS):
            return False
        if not outlet.healing.begin():
            return False
        self._healed += 1
        return True

    def _final(self, state: SyncState, error: AppError | None = None) -> Verdict:
        if state is not SyncState.SENT:
            self._tries = self._healed = 0
        self.is_asked = False
        return Verdict(state, error)
