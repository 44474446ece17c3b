"""What happened: a bounded list that is kept over restarts. Only for people: nothing is decided by it.

That an entry cannot be kept (the disk is full) is no error of what happened: it is shown while this process lives.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TypeVar

from runferry.clock import Clock
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.state.activity import ActivityTable
from runferry.status import ConnectionState, Word

log = logging.getLogger(__name__)

MOST = 2000
W = TypeVar("W", bound=Word)


class ActivityKind(Word):
    """What an entry is about."""

    FOUND = "found"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    CRASHED = "crashed"
    QUIET = "quiet"
    VERIFIED = "verified"
    DAMAGE = "damage"
    PROBLEM = "problem"
    GONE = "gone"
    OUTAGE = "outage"
    RECOVERED = "recovered"
    REFUSED = "refused"
    PAUSED = "paused"
    RESUMED = "resumed"
    SETTINGS = "settings"
    NOTICE = "notice"


class Severity(Word):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    PROBLEM = "problem"


SEVERITIES = {ActivityKind.OUTAGE: Severity.WARNING, ActivityKind.REFUSED: Severity.PROBLEM}
_NOTICES = {
    ConnectionState.RETRYING: ActivityKind.OUTAGE,
    ConnectionState.PORTAL: ActivityKind.OUTAGE,
    ConnectionState.ONLINE: ActivityKind.RECOVERED,
    ConnectionState.REFUSED: ActivityKind.REFUSED,
    ConnectionState.UNTRUSTED: ActivityKind.REFUSED,
}


def kind_of_notice(state: ConnectionState | None) -> ActivityKind:
    """What a connection's word is about, by the state that it is in."""
    return _NOTICES.get(state, ActivityKind.NOTICE) if state is not None else ActivityKind.NOTICE


@dataclass(frozen=True)
class ActivityEntry:
    """One entry. `number` grows; `time`: seconds since the epoch; `subject`: a run's folder, a server's address, or
    empty."""

    number: int
    time: float
    kind: ActivityKind
    severity: Severity
    subject: str
    text: str


class Activity:
    """The list. Any thread may call; `load` once the state is open."""

    def __init__(self, table: ActivityTable, clock: Clock, bus: EventBus) -> None:
        self._table, self._clock, self._bus = table, clock, bus
        self._lock = threading.Lock()
        self._entries: deque[ActivityEntry] = deque(maxlen=MOST)

    def load(self) -> None:
        """Take up what happened before. Raises AppError."""
        with self._lock:
            self._entries.clear()
            self._entries.extend(
                ActivityEntry(
                    row["id"],
                    row["time"],
                    _word(ActivityKind, row["kind"], ActivityKind.NOTICE),
                    _word(Severity, row["severity"], Severity.INFO),
                    row["subject"],
                    row["text"],
                )
                for row in self._table.newest()
            )

    def note(self, kind: ActivityKind, subject: str, text: str, severity: Severity = Severity.INFO) -> None:
        """Something happened. Never raises."""
        now = self._clock.time()
        with self._lock:
            number = self._entries[-1].number + 1 if self._entries else 1
            try:
                number = max(number, self._table.add(now, kind.value, severity.value, subject, text))
            except AppError as error:
                log.warning("an entry is not kept: %s", error)
            self._entries.append(ActivityEntry(number, now, kind, severity, subject, text))
        self._bus.publish(Event("activity", subject))

    def entries(self, since: int = 0) -> tuple[ActivityEntry, ...]:
        """Entries with a larger number, oldest first; at most 2,000."""
        with self._lock:
            return tuple(one for one in self._entries if one.number > since)


def _word(words: type[W], text: str, other: W) -> W:
    """The word, or another one where a newer Runferry wrote a word that is not known here."""
    try:
        return words(text)
    except ValueError:
        return other
