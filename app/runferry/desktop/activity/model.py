"""The entries that are shown, newest first. New ones come on top; the rest stays as it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from runferry.desktop.activity import words
from runferry.desktop.look import amounts, icons
from runferry.desktop.parts.tables import header_data
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import tr
from runferry.engine.activity import MOST, ActivityEntry

Index = QModelIndex | QPersistentModelIndex
ENTRY = Qt.ItemDataRole.UserRole
NOBODY = QModelIndex()
WHAT, WHERE, WHEN = range(3)
TITLES = (tr("What"), tr("Where"), tr("When"))


class ActivityModel(QAbstractTableModel):
    """Keeps as many entries as the engine does."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[ActivityEntry] = []
        self._shown: list[ActivityEntry] = []
        self._words: list[str] = []
        self._group = "all"

    @property
    def newest(self) -> int:
        """The number of the newest entry; 0 before the first."""
        return self._all[0].number if self._all else 0

    @property
    def all(self) -> int:
        """How many there are, shown or not."""
        return len(self._all)

    def entry(self, row: int) -> ActivityEntry:
        """What a row shows."""
        return self._shown[row]

    def add(self, entries: Sequence[ActivityEntry]) -> int:
        """Newer ones, oldest first; how many rows came on top."""
        self._all = [*reversed(entries), *self._all][:MOST]
        shown = [one for one in reversed(entries) if self._takes(one)]
        if shown:
            self.beginInsertRows(NOBODY, 0, len(shown) - 1)
            self._shown[:0] = shown
            self.endInsertRows()
        if len(self._shown) > MOST:
            self.beginRemoveRows(NOBODY, MOST, len(self._shown) - 1)
            del self._shown[MOST:]
            self.endRemoveRows()
        return len(shown)

    def filter(self, text: str, group: str) -> None:
        """Show those that hold all these words."""
        self._words, self._group = text.lower().split(), group
        self.beginResetModel()
        self._shown = [one for one in self._all if self._takes(one)]
        self.endResetModel()

    def _takes(self, entry: ActivityEntry) -> bool:
        if not words.group_takes(self._group, entry):
            return False
        whole = f"{words.LOOKS[entry.kind].word} {entry.text} {entry.subject}".lower()
        return all(word in whole for word in self._words)

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = NOBODY) -> int:
        """Entries shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = NOBODY) -> int:
        """See `TITLES`."""
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts for the eye and for screen readers, and the shape."""
        if not index.isValid():
            return None
        entry, column = self._shown[index.row()], index.column()
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(entry, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{words.LOOKS[entry.kind].word}: {entry.text}" if column == WHAT else _text(entry, column)
        if role == Qt.ItemDataRole.DecorationRole and column == WHAT:
            return icons.icon(words.LOOKS[entry.kind].shape, words.LOOKS[entry.kind].tone)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain((entry.text, entry.subject, amounts.exact(entry.time))[column])
        if role == Qt.ItemDataRole.TextAlignmentRole and column == WHEN:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        return header_data(TITLES, (WHEN,), section, orientation, role)


def _text(entry: ActivityEntry, column: int) -> str:
    if column == WHAT:
        return " ".join(entry.text.split())
    return words.where(entry) if column == WHERE else words.when(entry, time.time())
