"""What all tables of the window have in common: whole rows, no grid, a flat header, numbers to the right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

HEADER = """
QHeaderView { background: palette(base); }
QHeaderView::section { background: palette(base); border: none; padding: 6px 4px; color: palette(placeholder-text); }
"""


def quiet(table: QTableView, title: str, row_height: int, header_style: str = "") -> None:
    """Set it up. title: what it is called for those who cannot see it; header_style: added to the header's."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setTabKeyNavigation(False)
    table.setAccessibleName(title)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(row_height)
    table.horizontalHeader().setStyleSheet(HEADER + header_style)
    table.horizontalHeader().setHighlightSections(False)


def header_data(
    titles: Sequence[str], numbers: Collection[int], section: int, orientation: Qt.Orientation, role: int
) -> Any:
    """What a model's `headerData` gives for columns with these titles; `numbers` are those aligned to the right."""
    if orientation is not Qt.Orientation.Horizontal:
        return None
    if role == Qt.ItemDataRole.DisplayRole:
        return titles[section]
    if role == Qt.ItemDataRole.TextAlignmentRole:
        side = Qt.AlignmentFlag.AlignRight if section in numbers else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
    return None
