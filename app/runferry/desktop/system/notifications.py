"""Notifications of the app: takes what the bridge brings, and shows what is new, wanted and not snoozed."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from runferry.desktop.bridge import Update
from runferry.desktop.memory import Memory
from runferry.desktop.system.grouping import Grouping, Note
from runferry.desktop.system.news import NewsFinder, NewsKind
from runferry.desktop.system.notifier import Notifier
from runferry.settings import Settings
from runferry.status import ConnectionState, SyncState

TOLD = "notifications_told"
SNOOZED = "notifications_snoozed_until"


class Notifications(QObject):
    """Made and used on the window's thread. settings: those in force, asked each time.

    `asked`: somebody wants to see what a notification was about: its kind, the runs' keys or servers' URLs, and a
    token for the window system (empty but on Wayland).
    """

    asked = Signal(object, object, str)

    def __init__(
        self,
        notifier: Notifier,
        settings: Callable[[], Settings],
        memory: Memory,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._notifier = notifier
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._monotonic = monotonic
        self._finder = NewsFinder(clock(), [str(one) for one in memory.get(TOLD, [])])
        self._grouping = Grouping(self._is_wanted)
        self._shown: dict[NewsKind, Note] = {}
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._show_due)
        notifier.chosen.connect(self._choose)
        notifier.gone.connect(self._grouping.forget)

    @property
    def snoozed_until(self) -> float | None:
        """Epoch seconds, or None while notifications are shown."""
        until = self._memory.get(SNOOZED, 0.0)
        return until if until > self._clock() else None

    def snooze(self, until: float | None) -> None:
        """Show nothing until then (epoch seconds); None: show again. Kept over a restart."""
        self._memory.keep(SNOOZED, float(until or 0.0))
        self._memory.save()

    def take(self, update: Update) -> None:
        """Something changed."""
        now = self._monotonic()
        news = self._finder.take(update.overview.servers, update.runs)
        if news:
            self._grouping.add(news, now)
            self._memory.keep(TOLD, self._finder.remembered)
        self._withdraw_what_is_well(update)
        self._arm(now)

    def stop(self) -> None:
        """Nothing is shown any more."""
        self._timer.stop()
        self._memory.keep(TOLD, self._finder.remembered)
        self._memory.save()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _is_wanted(self, kind: NewsKind) -> bool:
        return bool(self._settings().get(f"notify_{kind.value}"))

    def _withdraw_what_is_well(self, update: Update) -> None:
        """A server that answers again, a run that arrived after all: nobody needs to come for them."""
        well = [one.url for one in update.overview.servers if one.state is ConnectionState.ONLINE]
        well += [one.key for one in update.runs if one.state in (SyncState.SENT, SyncState.VERIFIED)]
        if self._grouping.withdraw(NewsKind.ATTENTION, well):
            self._notifier.withdraw(NewsKind.ATTENTION)

    def _arm(self, now: float) -> None:
        due = self._grouping.due_at()
        if due is None:
            self._timer.stop()
        else:
            self._timer.start(max(0, round((due - now) * 1000) + 1))

    @Slot()
    def _show_due(self) -> None:
        now = self._monotonic()
        for note in self._grouping.due(now, self.snoozed_until is not None):
            self._shown[note.kind] = note
            self._notifier.show(note)
        self._arm(now)

    @Slot(object, str)
    def _choose(self, kind: NewsKind, token: str) -> None:
        note = self._shown.get(kind)
        if note is not None:
            self.asked.emit(kind, note.subjects, token)
