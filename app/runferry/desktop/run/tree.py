"""Config or summary of a run as a searchable tree of two columns. Updates leave what is open and chosen as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStackedLayout,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from runferry.desktop.look.icons import icon
from runferry.desktop.look.theme import GRID, Size, Tone, dress
from runferry.desktop.parts.labels import PlainLabel
from runferry.desktop.parts.tables import HEADER
from runferry.desktop.run.cells import Cells
from runferry.desktop.run.tree_model import TreeModel
from runferry.desktop.run.tree_nodes import Path, copied
from runferry.desktop.text import tr

_ROWS_OPENED = 300  # at most, by a search


class KeyValueTree(QWidget):
    """`title` names it for people and for screen readers; `nothing` is the sentence shown without data."""

    _ready = False  # Qt may call while the constructor is still at work

    def __init__(self, title: str, nothing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nothing = nothing
        self._open: set[Path] = set()
        self._chosen: Path = ()
        self._topmost: Path = ()
        self.model = TreeModel((tr("Name"), tr("Value")), self)
        self.search = QLineEdit(clearButtonEnabled=True, placeholderText=tr("Search {title}", title=title))
        self.search.setAccessibleName(tr("Search {title}", title=title))
        self._glass = self.search.addAction(icon("search", Tone.SUBTLE), QLineEdit.ActionPosition.LeadingPosition)
        self.view = self._make_view(title)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._lay_out()
        self._connect()
        self._dress()
        self._say()
        self._ready = True

    def _make_view(self, title: str) -> QTreeView:
        view = QTreeView(uniformRowHeights=True, allColumnsShowFocus=True)
        view.setAccessibleName(title)
        # Before the view hears of it: the view forgets where its rows were.
        self.model.modelAboutToBeReset.connect(self._remember)
        view.setModel(self.model)
        view.setItemDelegate(Cells(view))
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = view.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setStyleSheet(HEADER)
        header.resizeSection(0, 28 * GRID)
        return view

    def _lay_out(self) -> None:
        self._stack = QStackedLayout()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._message)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(GRID)
        whole.addWidget(self.search)
        whole.addLayout(self._stack, 1)

    def _connect(self) -> None:
        self.search.textChanged.connect(self.model.search)
        self.model.modelReset.connect(self._restore)
        self.view.expanded.connect(lambda index: self._opened(index, True))
        self.view.collapsed.connect(lambda index: self._opened(index, False))
        self.view.customContextMenuRequested.connect(self._offer)
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Find, self, self._begin_search, context=within)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._end_search)
        self.copy_value = QAction(tr("Copy value"), self.view)
        self.copy_value.triggered.connect(self._copy_value)
        self.copy_value.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy_path = QAction(tr("Copy name"), self.view)
        self.copy_path.triggered.connect(self._copy_path)
        self.copy_path.setShortcut(QKeySequence("Ctrl+Shift+C"))
        for action in (self.copy_value, self.copy_path):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.view.addAction(action)

    # Data in

    def show_data(self, data: Mapping[str, Any]) -> None:
        """Another state; nested mappings and lists of plain values. It is not copied: hand over what stays as it is."""
        self.model.set_data(data)
        self._say()

    # What stays as it is

    def _remember(self) -> None:
        self._chosen = self.model.node(self.view.currentIndex()).path
        self._topmost = self.model.node(self.view.indexAt(QPoint(0, 0))).path

    def _restore(self) -> None:
        if self.model.searching:
            self._open_found()
        else:
            for path in sorted(self._open, key=len):
                index = self.model.index_of(path)
                if index.isValid():
                    self.view.setExpanded(index, True)
        top, chosen = self.model.index_of(self._topmost), self.model.index_of(self._chosen)
        if chosen.isValid():
            self.view.setCurrentIndex(chosen)
        if top.isValid():
            self.view.scrollTo(top, QAbstractItemView.ScrollHint.PositionAtTop)
        self._say()

    def _open_found(self) -> None:
        """Open what leads to the places found, as long as that is not too much to look through."""
        level, left = [self.model.node(self.model.index_of(()))], _ROWS_OPENED
        while level and left > 0:
            below = [child for node in level for child in node.children if child.has_children]
            for node in below:
                left -= len(node.children)
                if left < 0:
                    break
                self.view.setExpanded(self.model.index_of(node.path), True)
            level = below

    def _opened(self, index: Any, is_open: bool) -> None:
        if self.model.searching:
            return
        path = self.model.node(index).path
        if is_open:
            self._open.add(path)
        else:
            self._open.discard(path)

    # Copying

    def _offer(self, where: QPoint) -> None:
        if self.view.indexAt(where).isValid():
            menu = QMenu(self.view)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions([self.copy_value, self.copy_path])
            menu.popup(self.view.viewport().mapToGlobal(where))

    def _copy_value(self) -> None:
        if self.view.currentIndex().isValid():
            QGuiApplication.clipboard().setText(copied(self.model.node(self.view.currentIndex()).value))

    def _copy_path(self) -> None:
        if self.view.currentIndex().isValid():
            QGuiApplication.clipboard().setText(".".join(self.model.node(self.view.currentIndex()).path))

    # Search

    def _begin_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _end_search(self) -> None:
        self.search.clear()
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _say(self) -> None:
        empty = self.model.rowCount() == 0
        self._message.setText(tr("Nothing has this in its name or value.") if self.model.searching else self._nothing)
        self._stack.setCurrentWidget(self._message if empty else self.view)
        self.search.setEnabled(self.model.searching or not empty)

    # Looks

    def _dress(self) -> None:
        dress(self._message, Size.BODY, Tone.SUBTLE)
        self._glass.setIcon(icon("search", Tone.SUBTLE))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._ready and event.type() is QEvent.Type.PaletteChange:
            self._dress()
