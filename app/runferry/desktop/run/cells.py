"""How cells of settings and files are drawn: digits of one width, and long texts whole in a tooltip."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QAbstractItemView, QStyleOptionViewItem, QToolTip

from runferry.desktop.look.theme import GRID
from runferry.desktop.parts.cell_text import InertDelegate
from runferry.desktop.parts.tips import plain
from runferry.desktop.run.tabular import tabular

Index = QModelIndex | QPersistentModelIndex
_MOST = 1500  # characters of a tooltip


class Cells(InertDelegate):
    """For trees and tables of text and numbers. mode: where a text is cut that does not fit."""

    def __init__(self, parent: QObject, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__(parent)
        self._mode = mode

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.font = tabular(option.font)
        option.textElideMode = self._mode

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), 3 * GRID))

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """What does not fit."""
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "") if index.isValid() else ""
        room = option.rect.width()
        if not text or super().sizeHint(option, index).width() <= room:
            QToolTip.hideText()
            return True
        whole = text if len(text) <= _MOST else text[:_MOST] + "…"
        # A tooltip with spaces only at its words would be one line as wide as the screen.
        lines = [whole[at : at + 100] for at in range(0, len(whole), 100)]
        QToolTip.showText(event.globalPos(), plain("\n".join(lines)), view)
        return True
