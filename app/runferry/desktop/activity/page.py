"""What happened, newest first: filtered by words and kind, copied, and each entry leads to what it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
)

from runferry.desktop.activity import words
from runferry.desktop.activity.model import ActivityModel
from runferry.desktop.activity.table import ROW, ActivityTable
from runferry.desktop.bridge import Update
from runferry.desktop.context import Context, Page
from runferry.desktop.look import amounts, icons
from runferry.desktop.look.theme import GRID, MARGIN, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.empty import Empty
from runferry.desktop.parts.facts import Facts
from runferry.desktop.parts.labels import Label, Line
from runferry.desktop.text import plural, tr
from runferry.engine.activity import ActivityEntry

FACTS = 72
PATIENCE = 120  # milliseconds after the last key until the list follows


class ActivityPage(Page):
    """Asks the engine for what is new whenever something happened; that is a list in memory."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.model = ActivityModel(self)
        self.table = ActivityTable(self.model)
        self.search = QLineEdit()
        self.group = QComboBox()
        self.facts = Facts(tr("About this entry"))
        self.copy = Button(tr("Copy"), self.copy_chosen, "copy")
        self._bodies = QStackedWidget()
        self._typing = QTimer(self, singleShot=True, interval=PATIENCE)
        self._build()
        self._connect()
        self.add(context.engine.activity.entries())

    # -- how it is made -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.facts.setFixedHeight(FACTS)
        self._bodies.addWidget(self.table)
        self._bodies.addWidget(
            Empty("nav-activity", tr("Nothing happened yet"), tr("What Runferry does is listed here, newest first."))
        )
        self._bodies.addWidget(
            Empty("search", tr("No entry fits"), button=Button(tr("Show all"), self._show_all, "clear"))
        )
        foot = QHBoxLayout()
        foot.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        foot.addWidget(self.facts, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._head())
        box.addWidget(Line())
        box.addWidget(self._bodies, 1)
        box.addWidget(Line())
        box.addLayout(foot)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(MARGIN, MARGIN, MARGIN, GRID + 4)
        head.setSpacing(GRID)
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search activity"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icons.icon("search", Tone.SUBTLE), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setMaximumWidth(300)
        self.group.setAccessibleName(tr("Show entries about"))
        for group in words.GROUPS:
            self.group.addItem(words.TITLES[group], group)
        head.addWidget(Label(tr("Activity"), Size.TITLE, bold=True))
        head.addStretch(1)
        head.addWidget(self.search, 2)
        head.addWidget(self.group)
        head.addWidget(self.copy)
        return head

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda: self._typing.start())
        self._typing.timeout.connect(self.apply_filter)
        self.group.currentIndexChanged.connect(lambda: self.apply_filter())
        self.table.opened.connect(self._open)
        self.table.customContextMenuRequested.connect(self._menu)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_facts())
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus)
        self.table.copied.connect(self.copy_chosen)

    # -- updates ------------------------------------------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Something happened, perhaps."""
        if any(one.kind == "activity" for one in update.events):
            self.add(self._context.engine.activity.entries(self.model.newest))

    def open(self, subject: str) -> None:
        """What an event may have missed is made up for."""
        self.add(self._context.engine.activity.entries(self.model.newest))

    def add(self, entries: Sequence[ActivityEntry]) -> None:
        """Newer entries, oldest first. Who has scrolled down keeps what is in sight."""
        bar = self.table.verticalScrollBar()
        before = bar.value()
        came = self.model.add(entries) if entries else 0
        if came and before:
            bar.setValue(before + came * ROW)
        self._show_body()

    # -- what people do -----------------------------------------------------------------------------------------------

    def apply_filter(self) -> None:
        """By what stands in the fields."""
        self._typing.stop()
        self.model.filter(self.search.text(), self.group.currentData())
        self._show_body()
        self._show_facts()

    def chosen(self) -> list[ActivityEntry]:
        """The entries that are selected; all that are shown where none is."""
        rows = sorted(one.row() for one in self.table.selectionModel().selectedRows())
        return [self.model.entry(row) for row in rows or range(self.model.rowCount())]

    def copy_chosen(self) -> None:
        """To the clipboard, one per line."""
        entries = self.chosen()
        QApplication.clipboard().setText("\n".join(map(words.line, entries)))
        self._context.shell.toast(plural(len(entries), "{n} entry copied", "{n} entries copied"))

    def _open(self, entry: ActivityEntry) -> None:
        where = self._way(entry)
        if where is not None:
            where()

    def _way(self, entry: ActivityEntry) -> Callable[[], None] | None:
        """How to get to the subject of an entry; None where it leads nowhere."""
        go = self._context.shell.go
        if "://" in entry.subject or entry.subject == "local":
            return lambda: go("network", entry.subject)
        run = next((one for one in self._context.bridge.runs.values() if one.path == entry.subject), None)
        return (lambda: go("runs", run.key)) if run is not None else None

    def _menu(self, place: QPoint) -> None:
        index = self.table.currentIndex()
        if not index.isValid():
            return
        menu = QMenu(self)
        way = self._way(self.model.entry(index.row()))
        show = menu.addAction(icons.icon("eye"), tr("Show what it is about"))
        show.setEnabled(way is not None)
        show.triggered.connect(lambda: way() if way else None)
        menu.addAction(icons.icon("copy"), tr("Copy")).triggered.connect(self.copy_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.table.viewport().mapToGlobal(place))

    def _show_all(self) -> None:
        self.search.clear()
        self.group.setCurrentIndex(0)
        self.apply_filter()

    def _show_body(self) -> None:
        self._bodies.setCurrentIndex(0 if self.model.rowCount() else 2 if self.model.all else 1)
        self.copy.setEnabled(bool(self.model.rowCount()))
        self._show_facts()

    def _show_facts(self) -> None:
        index = self.table.currentIndex()
        if not index.isValid():
            self.facts.show_facts([(tr("Choose an entry to read all of it."), "")] if self.model.rowCount() else [])
            return
        entry = self.model.entry(index.row())
        facts = [(words.LOOKS[entry.kind].word, entry.text), (tr("When"), amounts.exact(entry.time))]
        self.facts.show_facts([*facts, *([(tr("About"), entry.subject)] if entry.subject else [])])
