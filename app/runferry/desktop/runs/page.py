"""The page of runs: search, filter, table, and what there is in sum; a run's own page opens over it."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context, Page
from runferry.desktop.look import amounts, icons
from runferry.desktop.look.theme import GRID, MARGIN, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.empty import Empty
from runferry.desktop.parts.labels import Elided, Label, Line
from runferry.desktop.parts.no_drops import let_drops_through
from runferry.desktop.runs.actions import RunActions, fill_menu
from runferry.desktop.runs.columns import Filter
from runferry.desktop.runs.model import RunsModel
from runferry.desktop.runs.narrow import Narrow
from runferry.desktop.runs.table import RunsTable
from runferry.desktop.text import plural, tr
from runferry.status import RunStatus

ROOMY = 640  # points
SEEN_AFTER = 4000  # milliseconds that a new run stays marked while one looks
PATIENCE = 120  # milliseconds after the last key until the list follows


class RunsPage(Page):
    """`make_run_page` makes the page of a single run: it needs libraries that a list does not."""

    def __init__(self, context: Context, make_run_page: Callable[[Context, Callable[[], None]], Page]) -> None:
        super().__init__()
        self._context = context
        self._make_run_page = make_run_page
        self._run_page: Page | None = None
        self.model = RunsModel(self)
        self.table = RunsTable(self.model, context.memory)
        self._narrow = Narrow(self.table)
        self.actions_ = RunActions(context)
        self.search = QLineEdit()
        self.kind = QComboBox()
        self._footer = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        self._hint = Label(tr("Drop run folders anywhere to sync them"), Size.SMALL, Tone.SUBTLE)
        self._stack = QStackedWidget()
        self._bodies = QStackedWidget()
        self._typing = QTimer(self, singleShot=True, interval=PATIENCE)
        self._looking = QTimer(self, singleShot=True, interval=SEEN_AFTER)
        self._build()
        self._connect()
        self.model.take(context.bridge.runs.values(), ())
        self._show_body()

    # -- how it is made -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._stack)
        whole = QWidget()
        lines = QVBoxLayout(whole)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addLayout(self._head())
        lines.addWidget(Line())
        self._bodies.addWidget(self.table)
        self._bodies.addWidget(
            Empty(
                "drop",
                tr("No runs yet"),
                tr("Drop run folders anywhere on this window, or add the folder that your trainings write into."),
                Button(tr("Add runs…"), self._context.shell.add, "add", primary=True),
            )
        )
        self._bodies.addWidget(
            Empty("search", tr("No run fits"), button=Button(tr("Show all"), self._show_all, "clear"))
        )
        lines.addWidget(self._bodies, 1)
        lines.addWidget(Line())
        lines.addLayout(self._foot())
        self._stack.addWidget(whole)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(MARGIN, MARGIN, MARGIN, GRID + 4)
        head.setSpacing(GRID)
        self.search.setPlaceholderText(tr("Search name, project, path"))
        self.search.setAccessibleName(tr("Search runs"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icons.icon("search", Tone.SUBTLE), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setMaximumWidth(300)
        self.kind.setAccessibleName(tr("Show runs by state"))
        titles = (
            tr("All"),
            tr("Live"),
            tr("Problems"),
            tr("Waiting"),
            tr("Syncing or sent"),
            tr("Damaged"),
            tr("Verified"),
        )
        for kind, title in zip(Filter.KINDS, titles, strict=True):
            self.kind.addItem(title, kind)
        head.addWidget(Label(tr("Runs"), Size.TITLE, bold=True))
        head.addStretch(1)
        head.addWidget(self.search, 2)
        head.addWidget(self.kind)
        head.addWidget(Button(tr("Add…"), self._context.shell.add, "add"))
        return head

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        foot.addWidget(self._footer, 1)
        foot.addWidget(self._hint)
        return foot

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda: self._typing.start())
        self._typing.timeout.connect(self.apply_filter)
        self.kind.currentIndexChanged.connect(lambda: self.apply_filter())
        self._looking.timeout.connect(self.model.seen)
        self.model.counted.connect(self._show_body)
        self.table.opened.connect(self.show_run)
        self.table.menu_wanted.connect(self._menu)
        self.table.asked.connect(lambda run: self.actions_.sync([run]))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self, lambda: self.actions_.sync(self.table.chosen()))

    # -- updates ------------------------------------------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Runs changed, and the sums."""
        self.model.take(update.runs, update.gone)
        self._footer.setText(_sums(update))
        self.table.watch_movement()
        if self._run_page is not None:
            self._run_page.take(update)
        if self.isVisible() and not self._looking.isActive():
            self._looking.start()

    def tick(self, now: float) -> None:
        """Relative times."""
        if self._stack.currentIndex() == 0:
            self.model.tick(now)
        elif self._run_page is not None:
            self._run_page.tick(now)

    def open(self, subject: str) -> None:
        """The list, or the page of the run with this key."""
        run = self._context.bridge.runs.get(subject)
        if run is not None:
            self.show_run(run)
        elif not subject:
            self.show_list()

    # -- what people do -----------------------------------------------------------------------------------------------

    def apply_filter(self) -> None:
        """By what stands in the fields."""
        self._typing.stop()
        self.model.filter(Filter(self.search.text(), self.kind.currentData()))

    def _show_all(self) -> None:
        self.search.clear()
        self.kind.setCurrentIndex(0)
        self.apply_filter()

    def show_run(self, run: RunStatus) -> None:
        """Its own page, over the list."""
        if self._run_page is None:
            self._run_page = self._make_run_page(self._context, self.show_list)
            let_drops_through(self._run_page)
            self._stack.addWidget(self._run_page)
        focused = QApplication.focusWidget()
        self._run_page.open(run.key)
        self._run_page.tick(time.time())
        self._stack.setCurrentWidget(self._run_page)
        if focused is None or not focused.isVisible():  # it was in the list, or in what is gone
            self._run_page.setFocus()

    def show_list(self) -> None:
        """Back."""
        if self._run_page is not None and self._stack.currentWidget() is self._run_page:
            self._run_page.open("")
            self._stack.setCurrentIndex(0)
            self.table.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a small window the sums count more than the hint."""
        self._hint.setVisible(event.size().width() >= ROOMY)
        super().resizeEvent(event)

    def keep(self) -> None:
        """Before the app ends, or the window is hidden."""
        self._narrow.show_all()
        self.table.keep()
        self._narrow.fit()

    def _menu(self, runs: list[RunStatus], where: QPoint) -> None:
        menu = QMenu(self)
        fill_menu(menu, self.actions_, runs, self.show_run)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def _show_body(self) -> None:
        shown = 0 if self.model.rowCount() else 1 if not self.model.all else 2
        self._bodies.setCurrentIndex(shown)


def _sums(update: Update) -> str:
    """41 runs · 3 live · 1.2 GB verified, 20 MB waiting · ↑ 310 kB/s"""
    counted = update.totals
    if not counted.runs:
        return ""
    parts = [plural(counted.runs, "{n} run", "{n} runs")]
    if counted.live:
        parts.append(plural(counted.live, "{n} live", "{n} live"))
    sizes = [tr("{size} verified", size=amounts.size(counted.verified_bytes))] if counted.verified_bytes else []
    if counted.waiting_bytes:
        sizes.append(tr("{size} waiting", size=amounts.size(counted.waiting_bytes)))
    if counted.held:
        sizes.append(plural(counted.held, "{n} waits until you ask", "{n} wait until you ask"))
    if sizes:
        parts.append(", ".join(sizes))
    speed = sum(getattr(one, "bytes_per_second", 0.0) for one in update.overview.servers)
    if speed >= 1000:
        parts.append(f"↑ {amounts.rate(speed)}")
    return " · ".join(parts)
