"""The rows of the table of files, sorted as one likes. Knows names, sizes and words; touches no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from runferry.desktop.look import amounts
from runferry.desktop.look.icons import icon
from runferry.desktop.look.words import Look
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
NAME, SIZE, STATE, WHY = range(4)


@dataclass(frozen=True)
class FileRow:
    """One file. `name`: relative to the run's files. `size`: bytes; None: not there, so it cannot be opened."""

    name: str
    size: int | None
    look: Look
    why: str = ""


_ORDERS: dict[int, Callable[[FileRow], Any]] = {
    NAME: lambda row: row.name.lower(),
    SIZE: lambda row: -1 if row.size is None else row.size,
    STATE: lambda row: (row.look.word, row.name.lower()),
    WHY: lambda row: (row.why, row.name.lower()),
}


class FileRows(QAbstractTableModel):
    """Rows that contain the words of the search, in the order of one column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[FileRow, ...] = ()
        self._shown: list[FileRow] = []
        self._words: list[str] = []
        self._column, self._order = NAME, Qt.SortOrder.AscendingOrder

    def set_files(self, files: Sequence[FileRow]) -> None:
        """Other files or states. Where the same names are shown in the same order, rows stay where they are."""
        self._all = tuple(files)
        found = self._chosen()
        if [row.name for row in found] != [row.name for row in self._shown]:
            self._show(found)
            return
        changed = [number for number, row in enumerate(found) if row != self._shown[number]]
        self._shown = found
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], WHY))

    def search(self, text: str) -> None:
        """Leave the files that have each of these words in their name, state or reason."""
        self._words = text.lower().split()
        self._show(self._chosen())

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._order = column, order
        self._show(self._chosen())

    def _chosen(self) -> list[FileRow]:
        found = [row for row in self._all if self._fits(row)]
        found.sort(key=_ORDERS[self._column], reverse=self._order is Qt.SortOrder.DescendingOrder)
        return found

    def _fits(self, row: FileRow) -> bool:
        text = f"{row.name} {row.look.word} {row.why}".lower() if self._words else ""
        return all(word in text for word in self._words)

    def _show(self, rows: list[FileRow]) -> None:
        self.beginResetModel()
        self._shown = rows
        self.endResetModel()

    @property
    def count(self) -> int:
        """All files, those that a search hides too."""
        return len(self._all)

    @property
    def size(self) -> int:
        """Bytes of all files whose size is known."""
        return sum(row.size or 0 for row in self._all)

    def row(self, number: int) -> FileRow:
        """The file in a row."""
        return self._shown[number]

    def row_of(self, name: str) -> int:
        """Where a file is; -1 where it is not shown."""
        return next((number for number, row in enumerate(self._shown) if row.name == name), -1)

    # Qt

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else WHY + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(section)
        return (
            (tr("Name"), tr("Size"), tr("State"), tr("Why"))[section] if role == Qt.ItemDataRole.DisplayRole else None
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._shown[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(column)
        if role == Qt.ItemDataRole.DecorationRole and column == STATE:
            return icon(row.look.shape, row.look.tone)
        if role == Qt.ItemDataRole.ToolTipRole and column == SIZE and row.size is not None:
            return plain(tr("{n} bytes", n=f"{row.size:,}"))
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _words(row)[column]
        return None


def _words(row: FileRow) -> tuple[str, str, str, str]:
    return row.name, "—" if row.size is None else amounts.size(row.size), row.look.word, row.why


def _aligned(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == SIZE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
