"""From the engine's events to the window: at most ten times a second, and only what is newest.

A thread of its own collects which runs changed, asks the engine how they are, and hands one `Update` over; the next one
waits until the window has taken the last. So neither ten thousand events a second nor a busy window costs the other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot

from runferry.at_work import AT_WORK
from runferry.desktop import own_server
from runferry.desktop.summary import Totals, live_runs, totals
from runferry.events import Event, Listener
from runferry.right_of_way import first
from runferry.status import RunStatus, Snapshot

log = logging.getLogger(__name__)

PACE = 0.1  # seconds between two updates
LOOK = 1.0  # seconds between two looks at the servers
ALL = 30.0  # and at all runs: an event may have been lost


class EventSource(Protocol):
    """The bus of an engine."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; gives what removes it."""


class Source(Protocol):
    """What the bridge needs of an engine."""

    @property
    def bus(self) -> EventSource:
        """Says what changed."""

    def snapshot(self) -> Snapshot:
        """Everything."""

    def overview(self) -> Snapshot:
        """Everything but the runs."""

    def statuses(self, paths: Set[str]) -> tuple[RunStatus, ...]:
        """The runs in these folders."""


@dataclass(frozen=True)
class Update:
    """What is new. `runs`: in their latest state; `gone`: keys of runs that are not shown any more.

    live: the newest of all runs that train now, whether or not they changed.
    """

    overview: Snapshot
    totals: Totals
    runs: tuple[RunStatus, ...] = ()
    gone: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    live: tuple[RunStatus, ...] = ()


@dataclass
class _Pending:
    paths: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    everything: bool = True


class Bridge(QObject):
    """Brings updates to the window's thread. Made there; `start` and `stop` are called there too."""

    updated = Signal(object)  # Update
    _ready = Signal(object)

    def __init__(self, source: Source, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._condition = threading.Condition()
        self._pending = _Pending()
        self._is_taken = True
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._known: dict[str, RunStatus] = {}
        self._ready.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def runs(self) -> dict[str, RunStatus]:
        """All runs in their last known state, by key; not to be changed."""
        return self._known

    def start(self) -> None:
        """Begin with everything that is there."""
        self._unsubscribe = self._source.bus.subscribe(self._note)
        self._thread = threading.Thread(target=self._work, name="bridge", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; no further update comes."""
        self._unsubscribe()
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join(10)

    def look_again(self) -> None:
        """Something changed that no event tells of: bring everything anew."""
        with self._condition:
            self._pending.everything = True
            self._condition.notify_all()

    # -- on the threads that publish ----------------------------------------------------------------------------------

    def _note(self, event: Event) -> None:
        with self._condition:
            if event.kind == "run":
                self._pending.paths.add(event.subject)
            if event.kind != "run" or event.text:
                self._pending.events.append(event)
            if event.kind in ("folder", "notice"):
                self._pending.everything = True
            self._condition.notify_all()

    # -- on the bridge's thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        looked_at = time.monotonic()
        while True:
            with self._condition:
                self._condition.wait_for(self._is_due, LOOK)
                while not self._is_taken and not self._is_stopping:
                    self._condition.wait(LOOK)
                if self._is_stopping:
                    return
                pending, self._pending = self._pending, _Pending(everything=False)
            everything = pending.everything or time.monotonic() - looked_at >= ALL
            looked_at = time.monotonic() if everything else looked_at
            pause = PACE  # not more than ten times a second
            try:
                with AT_WORK.turn("telling the window what changed"):
                    self._hand_over(self._collect(pending, everything))
            except Exception:
                log.exception("the window could not be told what changed")
                looked_at, pause = time.monotonic() - ALL, LOOK
                self._put_back(pending)
            with self._condition:
                self._condition.wait_for(lambda: self._is_stopping, pause)

    def _put_back(self, pending: _Pending) -> None:
        """The window has not heard of it, and nobody says it twice: somebody's wish to quit, say."""
        with self._condition:
            self._pending.events[:0] = pending.events
            self._pending.paths |= pending.paths
            self._pending.everything |= pending.everything

    def _is_due(self) -> bool:
        pending = self._pending
        return self._is_stopping or pending.everything or bool(pending.paths or pending.events)

    def _collect(self, pending: _Pending, everything: bool) -> Update:
        if everything:
            snapshot = self._source.snapshot()
            found = {one.key: one for one in snapshot.runs}
            changed = [one for key, one in found.items() if self._known.get(key) != one]
            gone = [key for key in self._known if key not in found]
            return self._update(snapshot, found, changed, gone, pending.events)
        changed = list(self._source.statuses(pending.paths)) if pending.paths else []
        here = {one.key for one in changed}
        gone = [one.key for one in self._known.values() if one.path in pending.paths and one.key not in here]
        known = self._known
        if changed or gone:
            known = {key: one for key, one in known.items() if key not in gone} if gone else dict(known)
            known.update((one.key, one) for one in changed)
        return self._update(self._source.overview(), known, changed, gone, pending.events)

    def _update(
        self,
        overview: Snapshot,
        known: dict[str, RunStatus],
        changed: Sequence[RunStatus],
        gone: Sequence[str],
        events: Sequence[Event],
    ) -> Update:
        """What is known is noted last: where anything failed before, the same is found again."""
        counted, live = totals(known.values()), live_runs(known.values())
        self._known = known
        own_server.note(overview.own_servers)
        return Update(overview, counted, tuple(changed), tuple(gone), tuple(events), live)

    def _hand_over(self, update: Update) -> None:
        with self._condition:
            self._is_taken = False
        self._ready.emit(update)

    # -- on the window's thread ---------------------------------------------------------------------------------------

    @Slot(object)
    def _take(self, update: Update) -> None:
        try:
            if not self._is_stopping:
                with first():
                    self.updated.emit(update)
        finally:
            with self._condition:
                self._is_taken = True
                self._condition.notify_all()
