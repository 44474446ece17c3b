"""Tables that fill the page from edge to edge: their outer columns keep the page's margin, their rows do not."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem, QTableView

from runferry.desktop.look.theme import MARGIN
from runferry.desktop.parts.cell_text import InertDelegate

HEADER = f"""
QHeaderView::section:first {{ padding-left: {MARGIN}px; }}
QHeaderView::section:last {{ padding-right: {MARGIN}px; }}
"""
INSET = MARGIN - 4  # cells have some room of their own


class EdgeDelegate(InertDelegate):
    """Of a QTableView."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The ground over the whole cell, the rest inside the margin."""
        left, right = self.edges(option, index)
        if left or right:
            ground = QStyleOptionViewItem(option)
            self.initStyleOption(ground, index)
            style = option.widget.style() if option.widget else QApplication.style()
            style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, ground, painter, option.widget)
            option = QStyleOptionViewItem(option)
            option.rect = option.rect.adjusted(left, 0, -right, 0)
        super().paint(painter, option, index)

    def edges(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> tuple[int, int]:
        """How much room is left and right of this cell, beside its own."""
        view = option.widget
        if not isinstance(view, QTableView):
            return 0, 0
        header = view.horizontalHeader()
        at = header.visualIndex(index.column())
        first = next((one for one in range(header.count()) if not header.isSectionHidden(header.logicalIndex(one))), 0)
        shown = range(header.count() - 1, -1, -1)
        last = next((one for one in shown if not header.isSectionHidden(header.logicalIndex(one))), 0)
        return INSET if at == first else 0, INSET if at == last else 0
