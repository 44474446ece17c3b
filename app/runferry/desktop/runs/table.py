"""The table itself: columns that are kept, sorting by the header, selection of many, a menu, keys."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from runferry.desktop.memory import Memory
from runferry.desktop.parts import edges
from runferry.desktop.parts.tables import quiet
from runferry.desktop.runs.columns import COLUMNS
from runferry.desktop.runs.delegate import ROW, RunDelegate, button_in
from runferry.desktop.runs.model import RUN, RunsModel
from runferry.desktop.text import tr
from runferry.right_of_way import first
from runferry.status import RunStatus, SyncState

TURN = 80  # milliseconds between two pictures of what moves
DEGREES = 24
PROGRESS = next(number for number, one in enumerate(COLUMNS) if one.name == "progress")

NO_ARROW = "QHeaderView::up-arrow, QHeaderView::down-arrow { image: none; width: 0; height: 0; }"  # the title has one


class RunsTable(QTableView):
    """Emits what a person wants; does nothing itself. `tells_apart`: as in `RunDelegate`."""

    opened = Signal(object)  # RunStatus
    menu_wanted = Signal(object, QPoint)  # list[RunStatus], where
    asked = Signal(object)  # RunStatus: one that waited for it

    def __init__(self, model: RunsModel, memory: Memory, tells_apart: bool = False) -> None:
        super().__init__()
        self._runs, self._memory = model, memory
        self._pressed: str | None = None
        self._delegate = RunDelegate(model, self)
        self._delegate.tells_apart = tells_apart
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        quiet(self, tr("Runs"), ROW, edges.HEADER + NO_ARROW)
        self.doubleClicked.connect(self._open)
        self._header()
        self._turning = QTimer(self)
        self._turning.timeout.connect(self._turn)
        model.rowsInserted.connect(lambda _, first, last: self._hold(first, last - first + 1))
        model.rowsRemoved.connect(lambda _, first, last: self._hold(first, first - last - 1))

    def _header(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        # One of its own that stays empty: to draw a title Qt asks all rows whether they are selected.
        for one in (header, self.verticalHeader()):
            one.setSelectionModel(QItemSelectionModel(self._runs, one))
        header.setMinimumSectionSize(40)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._column_menu)
        for number, column in enumerate(COLUMNS):
            self.setColumnWidth(number, column.width)
        kept = self._memory.get("columns", "")
        if not (kept and header.restoreState(QByteArray.fromBase64(kept.encode()))):
            header.setSortIndicator(len(COLUMNS) - 1, Qt.SortOrder.DescendingOrder)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setSortingEnabled(True)
        self._runs.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())

    def keep(self) -> None:
        """Remember the columns."""
        self._memory.keep("columns", self.horizontalHeader().saveState().toBase64().toStdString())

    def chosen(self) -> list[RunStatus]:
        """The runs that are selected."""
        return [self._runs.run(one.row()) for one in self.selectionModel().selectedRows()]

    def choose(self, key: str) -> None:
        """Select a run and bring it into view."""
        row = self._runs.row_of(key)
        if row is not None:
            self.selectRow(row)
            self.scrollTo(self._runs.index(row, 0))

    def watch_movement(self) -> None:
        """Let shapes turn while something that is in sight is under way, and only then."""
        moving = self.isVisible() and any(
            self._runs.run(row).state is SyncState.SYNCING for row in self._visible_rows()
        )
        if moving and not self._turning.isActive():
            self._turning.start(TURN)
        elif not moving:
            self._turning.stop()

    def _hold(self, first: int, number: int) -> None:
        """Rows came (or went: negative) above what one reads: that stays in place, but for who is at the top."""
        bar = self.verticalScrollBar()
        if bar.value() >= ROW and first * ROW <= bar.value():
            self.updateGeometries()  # the bar's new range
            bar.setValue(bar.value() + number * ROW)

    def _visible_rows(self) -> range:
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height() - 1)
        return range(first, (self._runs.rowCount() - 1 if last < 0 else last) + 1)

    def _turn(self) -> None:
        self._delegate.angle = (self._delegate.angle + DEGREES) % 360
        for row in self._visible_rows():
            if self._runs.run(row).state is SyncState.SYNCING:
                self.update(self._runs.index(row, 0))

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(RUN))

    def _column_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        for number, column in enumerate(COLUMNS):
            if column.title:
                action = menu.addAction(column.title)
                action.setCheckable(True)
                action.setChecked(not self.isColumnHidden(number))
                action.setEnabled(column.name != "name")
                action.toggled.connect(lambda shown, number=number: self.setColumnHidden(number, not shown))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.horizontalHeader().mapToGlobal(place))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By mouse or by the menu key."""
        runs = self.chosen()
        if not runs:
            return
        where = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            where = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.menu_wanted.emit(runs, where)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Before anybody else computes on."""
        with first():
            self._delegate.begin()
            super().paintEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press of the button in a row counts when it is let go there."""
        pressed, self._pressed = self._pressed, None
        super().mouseReleaseEvent(event)
        run = self._asked_at(event)
        if run is not None and run.key == pressed:
            self.asked.emit(run)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remembered where it is on a button; otherwise the table's own."""
        run = self._asked_at(event)
        self._pressed = run.key if run is not None else None
        super().mousePressEvent(event)

    def _asked_at(self, event: QMouseEvent) -> RunStatus | None:
        """The run whose button is there."""
        where = event.position().toPoint()
        index = self.indexAt(where)
        if event.button() is not Qt.MouseButton.LeftButton or not index.isValid() or index.column() != PROGRESS:
            return None
        run = self._runs.run(index.row())
        return run if run.can_be_asked_for and button_in(self.visualRect(index)).contains(where) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return opens the run."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)
