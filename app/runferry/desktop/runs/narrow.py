"""Keeps the list of runs readable in a narrow window: what tells least goes first, and comes back with the room.

What a person has hidden stays hidden, and what is hidden here is never remembered as their wish.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTableView

from runferry.desktop.runs.columns import COLUMNS

NAME_LEAST = 170  # pixels
GOES_FIRST = ("size", "server", "step", "project", "started")
_NUMBERS = {one.name: number for number, one in enumerate(COLUMNS)}


class Narrow(QObject):
    """Watches one table's width."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._table = table
        self._hidden: dict[int, int] = {}  # by column: how wide it was
        table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Before the table itself takes note of its new size."""
        if isinstance(event, QResizeEvent):
            self.fit(event.size().width())
        return super().eventFilter(watched, event)

    def fit(self, width: int | None = None) -> None:
        """Show what there is room for. width: of the rows, in pixels; None: as it is."""
        room = self._table.viewport().width() if width is None else width
        header = self._table.horizontalHeader()
        shown = [one for one in range(len(COLUMNS)) if not header.isSectionHidden(one) or one in self._hidden]
        sizes = {one: self._hidden.get(one) or header.sectionSize(one) for one in shown}
        sizes[_NUMBERS["name"]] = NAME_LEAST
        hidden: dict[int, int] = {}
        for name in GOES_FIRST:
            if sum(sizes.values()) <= room:
                break
            size = sizes.pop(_NUMBERS[name], 0)
            if size:
                hidden[_NUMBERS[name]] = size
        self._apply(hidden)

    def show_all(self) -> None:
        """As the person wants it, whatever the room; for remembering that."""
        self._apply({})

    def _apply(self, hidden: dict[int, int]) -> None:
        before, self._hidden = self._hidden, hidden
        for one in before.keys() - hidden.keys():
            self._table.setColumnHidden(one, False)
        for one in hidden.keys() - before.keys():
            self._table.setColumnHidden(one, True)
