"""The table of entries: selection of many, Return opens, Ctrl+C copies whole entries."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHeaderView, QTableView

from runferry.desktop.activity.model import ENTRY, WHAT, WHEN, WHERE, ActivityModel
from runferry.desktop.parts import edges
from runferry.desktop.parts.edges import EdgeDelegate
from runferry.desktop.parts.tables import quiet
from runferry.desktop.text import tr

ROW = 32  # points


class ActivityTable(QTableView):
    """Emits what a person wants; does nothing itself."""

    opened = Signal(object)  # ActivityEntry
    copied = Signal()

    def __init__(self, model: ActivityModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setIconSize(QSize(32, 16))  # some air around the shape
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        quiet(self, tr("Activity"), ROW, edges.HEADER)
        header = self.horizontalHeader()
        self.setItemDelegate(EdgeDelegate(self))
        header.setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(WHERE, 160)
        self.setColumnWidth(WHEN, 130)
        self.doubleClicked.connect(self._open)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(ENTRY))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return and Ctrl+C."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        else:
            super().keyPressEvent(event)
