"""Which folders could go, and which stay and why: those that can go come first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from runferry.desktop.look import amounts, icons
from runferry.desktop.look.theme import Tone, colour
from runferry.desktop.parts.tables import header_data
from runferry.desktop.parts.tips import plain
from runferry.desktop.summary import server_name
from runferry.desktop.text import tr
from runferry.engine.cleaning import Candidate, Stays

Index = QModelIndex | QPersistentModelIndex
NOBODY = QModelIndex()
FOLDER, WHERE, SIZE = range(3)
TITLES = (tr("Folder"), tr("Why"), tr("Size"))


class CleaningModel(QAbstractTableModel):
    """`changed` comes after each change of ticks or rows."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._go: list[Candidate] = []
        self._stay: list[Stays] = []
        self._untouched: set[str] = set()  # paths that a person took out

    @property
    def chosen(self) -> list[Candidate]:
        """Those that are ticked."""
        return [one for one in self._go if one.path not in self._untouched]

    @property
    def counts(self) -> tuple[int, int]:
        """How many could go, and how many stay."""
        return len(self._go), len(self._stay)

    def at(self, row: int) -> Candidate | Stays:
        """What a row shows."""
        return self._go[row] if row < len(self._go) else self._stay[row - len(self._go)]

    def clear(self) -> None:
        """Begin anew."""
        self.beginResetModel()
        self._go, self._stay = [], []
        self.endResetModel()
        self.changed.emit()

    def take(self, some: Iterable[Candidate | Stays]) -> None:
        """More was judged."""
        judged = list(some)
        go = [one for one in judged if isinstance(one, Candidate)]
        stay = [one for one in judged if isinstance(one, Stays)]
        if go:
            self.beginInsertRows(NOBODY, len(self._go), len(self._go) + len(go) - 1)
            self._go += go
            self.endInsertRows()
        if stay:
            self.beginInsertRows(NOBODY, self.rowCount(), self.rowCount() + len(stay) - 1)
            self._stay += stay
            self.endInsertRows()
        self.changed.emit()

    def remove(self, gone: set[str]) -> None:
        """These are in the trash."""
        self.beginResetModel()
        self._go = [one for one in self._go if one.path not in gone]
        self.endResetModel()
        self.changed.emit()

    def refuse(self, why: dict[str, str]) -> None:
        """These could not be moved after all."""
        self.beginResetModel()
        self._go = [one for one in self._go if one.path not in why]
        self._stay += [Stays(path, reason) for path, reason in why.items()]
        self.endResetModel()
        self.changed.emit()

    def toggle(self, rows: list[int]) -> None:
        """Tick them, or none of them if all are ticked."""
        paths = {self._go[row].path for row in rows if row < len(self._go)}
        self._untouched = self._untouched - paths if paths & self._untouched else self._untouched | paths
        if self._go:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._go) - 1, len(TITLES) - 1))
        self.changed.emit()

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = NOBODY) -> int:
        """All of them."""
        return 0 if parent.isValid() else len(self._go) + len(self._stay)

    def columnCount(self, parent: Index = NOBODY) -> int:
        """See `TITLES`."""
        return 0 if parent.isValid() else len(TITLES)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Those that can go can be ticked."""
        found = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if index.row() < len(self._go) and index.column() == FOLDER:
            found |= Qt.ItemFlag.ItemIsUserCheckable
        return found

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A tick."""
        if role != Qt.ItemDataRole.CheckStateRole or index.row() >= len(self._go):
            return False
        self.toggle([index.row()])
        return True

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts, ticks and tones."""
        if not index.isValid():
            return None
        one, column = self.at(index.row()), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _text(one, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == FOLDER and isinstance(one, Candidate):
            return Qt.CheckState.Unchecked if one.path in self._untouched else Qt.CheckState.Checked
        if role == Qt.ItemDataRole.DecorationRole and column == FOLDER and isinstance(one, Stays):
            return icons.icon("dash", Tone.SUBTLE)
        if role == Qt.ItemDataRole.ForegroundRole and isinstance(one, Stays):
            return colour(Tone.SUBTLE)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(one.path if column == FOLDER else _text(one, column))
        if role == Qt.ItemDataRole.TextAlignmentRole and column == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        return header_data(TITLES, (SIZE,), section, orientation, role)


def _text(one: Candidate | Stays, column: int) -> str:
    if column == FOLDER:
        return Path(one.path).name
    if isinstance(one, Stays):
        return tr("stays: {why}", why=one.why) if column == WHERE else ""
    return tr("verified on {server}", server=server_name(one.server)) if column == WHERE else amounts.size(one.size)
