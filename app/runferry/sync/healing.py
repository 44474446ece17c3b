"""A server has fewer lines than it acknowledged: what it lost is sent again, exactly once.

It may have lost its power before the lines were on its disk, or its disk. Only what is certainly the run that we fed is
fed again: its last row is ours, or it has been there since before it was last verified. A run that is gone was deleted,
and one that somebody began anew under its name is somebody else's: neither is touched.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from runferry.errors import AppError
from runferry.remote import runs
from runferry.remote.runs import Created, RemoteRun
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.connection import Connection
from runferry.sync.equal import same
from runferry.sync.means import Means
from runferry.sync.reading_back import key_of
from runferry.sync.source import Source

log = logging.getLogger(__name__)

TOLD = "the server had lost lines that it had acknowledged; they are sent again."


class Healing:
    """Of one log and one run, as they were when they met."""

    def __init__(self, connection: Connection, means: Means, delivery: Delivery, run: Created) -> None:
        self._connection, self._means, self._delivery, self._run = connection, means, delivery, run
        self._losses = means.ledger.losses(delivery.target)

    @property
    def is_needed(self) -> bool:
        """Whether lines were taken back since: what is in memory of acknowledged ones is not true any more."""
        return self._means.ledger.losses(self._delivery.target) != self._losses

    @property
    def is_counted_at_once(self) -> bool:
        """Whether the server's counts show at once what it took: a Runferry server's do."""
        return self._connection.server.is_runferry

    def begin(self) -> bool:
        """Ask the server which lines it has, and take back what it lost; whether any log of the run sends again.

        Raises AppError where it cannot be asked.
        """
        session, run = self._connection.session, self._run
        remote = runs.look_up(session, run.entity, run.project, run.run_id)
        if remote is None:
            return False
        kept = {"history": remote.lines["history"]}
        if self.is_counted_at_once:  # it also says where lines are missing inside
            kept = dict(remote.lines)
            for stream, line in runs.first_holes(session, run.entity, run.project, run.run_id).items():
                kept[stream] = min(kept[stream], line)
        lost = take_back(self._means.ledger, self._delivery, remote, kept, self._means.permit, is_met=True)
        if lost:
            self._means.tell(f"{run.run_id}: {TOLD}")
        for one in lost or ():
            self._means.on_lost(one.parent)
        return bool(lost)


def take_back(
    ledger: Ledger,
    delivery: Delivery,
    remote: RemoteRun,
    kept: Mapping[str, int],
    permit: threading.Semaphore,
    is_met: bool = False,
) -> list[Path] | None:
    """Count what lies behind the lines that the server has as never sent. Gives the logs that have to send again.

    None: it is not certainly the run that was fed, and nothing is done.

    is_met: it is the run that we have been sending to all the time.
    """
    if not _is_the_run(ledger, delivery, remote, permit, is_met):
        return None
    lost = ledger.take_back(delivery.target, kept)
    if lost:
        log.warning("the server lost lines that it had acknowledged; sent again from %s on: %s", dict(kept), lost)
    return lost


def _is_the_run(
    ledger: Ledger, delivery: Delivery, remote: RemoteRun, permit: threading.Semaphore, is_met: bool
) -> bool:
    count = remote.lines["history"]
    if not count:
        return is_met or _was_there(remote.began, ledger.began_there(delivery.target), delivery.verified_at)
    found = ledger.log_of_line(delivery.target, count - 1)
    if found is None or not remote.history_tail:
        return False
    try:
        row = _row(*found, permit)
    except (AppError, OSError) as error:
        log.info("%s cannot be compared with the server: %s", found[0], error)
        return False
    tail = remote.history_tail[-1]
    return row is not None and (same(row, tail) or key_of(row) == key_of(tail))


def _was_there(began: str, known: str, verified_at: float | None) -> bool:
    """Whether a run that began at a time, as the server says, is the one that was fed.

    known: what it said then; empty in a ledger of an earlier version. There it has to be older than its verification,
    by a second at least, as servers tell no smaller parts.
    """
    if known or not began or verified_at is None:
        return bool(began) and began == known
    try:
        moment = datetime.fromisoformat(began.replace("Z", "+00:00"))
    except ValueError:
        return False
    return moment.tzinfo is not None and moment.timestamp() + 1 < verified_at


def _row(path: Path, number: int, permit: threading.Semaphore) -> str | None:
    """A row of a log by its number; None where it has no such row."""
    source = Source(path, permit)
    while True:
        part = source.read()
        if 0 <= number - part.first["history"] < len(part.history):
            return part.history[number - part.first["history"]]
        if part.at_end:
            return None
