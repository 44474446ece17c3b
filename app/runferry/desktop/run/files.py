"""The files of a run as a table: name, size, what became of each and why. Opens nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from runferry.desktop.look import amounts
from runferry.desktop.look.icons import icon
from runferry.desktop.look.theme import GRID, Size, Tone, dress
from runferry.desktop.parts.labels import PlainLabel
from runferry.desktop.parts.tables import quiet
from runferry.desktop.run.cells import Cells
from runferry.desktop.run.file_rows import NAME, SIZE, STATE, FileRow, FileRows
from runferry.desktop.text import plural, tr

_ROW = 28
_WIDTHS = {NAME: 300, SIZE: 80, STATE: 150}


class Files(QWidget):
    """Both signals carry the name of a file, relative to the run's files."""

    opened = Signal(str)
    show_wanted = Signal(str)
    _ready = False  # Qt may call while the constructor is still at work

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = FileRows(self)
        self.search = QLineEdit(clearButtonEnabled=True, placeholderText=tr("Search files"))
        self.search.setAccessibleName(tr("Search files"))
        self.search.setFixedWidth(28 * GRID)
        self._glass = self.search.addAction(icon("search", Tone.SUBTLE), QLineEdit.ActionPosition.LeadingPosition)
        self._total = PlainLabel()
        self.view = self._make_view()
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._dress()
        self._say()
        self._ready = True

    def _make_view(self) -> QTableView:
        view = QTableView()
        view.setModel(self.model)
        view.setItemDelegate(Cells(view, Qt.TextElideMode.ElideMiddle))
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        quiet(view, tr("Files"), _ROW)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        header = view.horizontalHeader()
        header.setStretchLastSection(True)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        view.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
        view.setSortingEnabled(True)
        return view

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.search)
        line.addStretch(1)
        line.addWidget(self._total)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._message)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(GRID)
        whole.addLayout(line)
        whole.addLayout(self._stack, 1)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._searched)
        self.view.doubleClicked.connect(self._open)
        self.view.customContextMenuRequested.connect(self._offer)
        self.view.selectionModel().currentRowChanged.connect(self._chosen)
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus, context=within)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._end_search)
        self.open_action = self._action(tr("Open"), "Return", self._open)
        self.show_action = self._action(tr("Show in folder"), "Ctrl+Return", self._show)
        self.copy_action = self._action(tr("Copy name"), "Ctrl+C", self._copy)
        self._chosen()

    def _action(self, words: str, keys: str, work: object) -> QAction:
        action = QAction(words, self.view)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(work)
        self.view.addAction(action)
        return action

    # Data in

    def show_files(self, files: Sequence[FileRow]) -> None:
        """Another state; the chosen file stays chosen."""
        chosen, place = self.chosen, self.view.verticalScrollBar().value()
        self.model.set_files(files)
        self._choose(chosen)
        self.view.verticalScrollBar().setValue(place)
        self._say()

    @property
    def chosen(self) -> FileRow | None:
        """The file that is selected."""
        index = self.view.currentIndex()
        return self.model.row(index.row()) if index.isValid() else None

    def _choose(self, row: FileRow | None) -> None:
        number = self.model.row_of(row.name) if row else -1
        if number >= 0 and number != self.view.currentIndex().row():
            self.view.selectRow(number)
        self._chosen()

    def _chosen(self) -> None:
        row = self.chosen
        self.open_action.setEnabled(row is not None and row.size is not None)
        for action in (self.show_action, self.copy_action):
            action.setEnabled(row is not None)

    def _searched(self, text: str) -> None:
        chosen = self.chosen
        self.model.search(text)
        self._choose(chosen)
        self._say()

    def _end_search(self) -> None:
        self.search.clear()
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # What is wanted

    def _open(self) -> None:
        row = self.chosen
        if row is not None and row.size is not None:
            self.opened.emit(row.name)

    def _show(self) -> None:
        if self.chosen is not None:
            self.show_wanted.emit(self.chosen.name)

    def _copy(self) -> None:
        if self.chosen is not None:
            QGuiApplication.clipboard().setText(self.chosen.name)

    def _offer(self, where: QPoint) -> None:
        if self.view.indexAt(where).isValid():
            menu = QMenu(self.view)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions([self.open_action, self.show_action, self.copy_action])
            menu.popup(self.view.viewport().mapToGlobal(where))

    # Looks

    def _say(self) -> None:
        files = plural(self.model.count, "{n} file", "{n} files")
        self._total.setText(f"{files} · {amounts.size(self.model.size)}" if self.model.count else "")
        nothing = tr("No file matches the search.") if self.model.count else tr("This run has no files.")
        self._message.setText(nothing)
        self._stack.setCurrentWidget(self.view if self.model.rowCount() else self._message)
        self.search.setEnabled(self.model.count > 0)

    def _dress(self) -> None:
        dress(self._message, Size.BODY, Tone.SUBTLE)
        dress(self._total, Size.SMALL, Tone.SUBTLE)
        self._glass.setIcon(icon("search", Tone.SUBTLE))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._ready and event.type() is QEvent.Type.PaletteChange:
            self._dress()
            self.view.viewport().update()
