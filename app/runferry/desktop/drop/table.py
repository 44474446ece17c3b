"""The table of what was found: ticks by click or space, places by click, F2 or Return; no widget per row."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from runferry.desktop.drop.delegate import HEIGHT, DropDelegate
from runferry.desktop.drop.model import NAME, PLACES, PROJECT, ROWS, SERVER, SIZE, TEAM, DropModel
from runferry.desktop.parts.tables import quiet
from runferry.desktop.text import tr

WIDTHS = {ROWS: 112, SIZE: 72, SERVER: 144, TEAM: 88, PROJECT: 112}
NARROW = 760  # points


class DropTable(QTableView):
    """Shows a `DropModel`."""

    def __init__(self, model: DropModel) -> None:
        super().__init__()
        self._drop = model
        self.setModel(model)
        self.setItemDelegate(DropDelegate(model, self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        quiet(self, tr("What was found"), HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        self.clicked.connect(self._clicked)

    def chosen(self) -> list[int]:
        """The rows that are selected."""
        return [one.row() for one in self.selectionModel().selectedRows()]

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() in PLACES and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a small window the name counts more than size and team."""
        for column in (SIZE, TEAM):
            self.setColumnHidden(column, event.size().width() < NARROW)
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space ticks all that are selected; Return opens the list of a place."""
        if event.key() == Qt.Key.Key_Space:
            self._drop.toggle(self.chosen())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().column() in PLACES:
            if self.state() is not QAbstractItemView.State.EditingState:  # the field of an open list passes its keys on
                self.edit(self.currentIndex())
        else:
            super().keyPressEvent(event)
