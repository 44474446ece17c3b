"""What was found, as a table that grows while a big folder is looked through. Runs first, what is no run below them.

Rows never move: runs are appended to runs, and a row that changes changes in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from runferry.desktop.drop import words
from runferry.desktop.drop.rows import Found, NoRun, Row, first_row
from runferry.desktop.look import amounts
from runferry.desktop.parts.tables import header_data
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import tr
from runferry.engine.places import Places
from runferry.inert import inert

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
NOBODY = QModelIndex()
NAME, ROWS, SIZE, SERVER, TEAM, PROJECT = range(6)
TITLES = (tr("Run"), tr("Rows"), tr("Size"), tr("Server"), tr("Team"), tr("Project"))
PLACES = (SERVER, TEAM, PROJECT)
FIELDS = {SERVER: "server", TEAM: "entity", PROJECT: "project"}


@dataclass(frozen=True)
class Counts:
    """Over all rows. `unplaced`: ticked runs of which the server or the project is still missing.

    `left_links`: files of ticked runs that lie outside of their folders and stay here unless somebody says otherwise.
    `unfit`: why the team or the project of a ticked run can be none, of the first such run.
    """

    runs: int = 0
    others: int = 0
    ticked: int = 0
    unplaced: int = 0
    unfit: str = ""
    reading: int = 0
    bytes: int = 0
    left_links: int = 0


class DropModel(QAbstractTableModel):
    """`changed` comes after every change of ticks, places or numbers."""

    changed = Signal()

    def __init__(self, places: Places, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.places = places
        self.named: frozenset[str] = frozenset()
        self._runs: list[Row] = []
        self._others: list[NoRun] = []
        self._by_log: dict[str, int] = {}

    # -- what there is ------------------------------------------------------------------------------------------------

    @property
    def runs(self) -> list[Row]:
        """All runs; not to be changed."""
        return self._runs

    def at(self, row: int) -> Row | NoRun:
        """What a row shows."""
        return self._runs[row] if row < len(self._runs) else self._others[row - len(self._runs)]

    def counts(self) -> Counts:
        """The sums."""
        ticked = [one for one in self._runs if one.is_ticked]
        return Counts(
            runs=len(self._runs),
            others=len(self._others),
            ticked=len(ticked),
            unplaced=sum(1 for one in ticked if one.missing),
            unfit=next((why for one in ticked for why in one.unfit.values()), ""),
            reading=sum(1 for one in self._runs if not one.found.is_complete),
            bytes=sum(one.found.bytes for one in ticked),
            left_links=sum(one.left_links for one in ticked),
        )

    # -- changes ------------------------------------------------------------------------------------------------------

    def take(self, some: Iterable[Found | NoRun]) -> None:
        """More was found, or a run was read to its end."""
        runs: list[Row] = []
        others: list[NoRun] = []
        for one in some:
            if isinstance(one, NoRun):
                if one not in self._others:
                    others.append(one)
            elif (place := self._by_log.get(one.log)) is None:
                self._by_log[one.log] = len(self._runs) + len(runs)
                runs.append(first_row(one, self.places, self.named))
            elif place < len(self._runs):
                self._put(place, replace(self._runs[place], found=one))
            else:
                runs[place - len(self._runs)] = first_row(one, self.places, self.named)
        self._append(self._runs, runs, len(self._runs))
        self._append(self._others, others, len(self._runs) + len(self._others))
        self.changed.emit()

    def _append(self, to: list[Any], new: list[Any], at: int) -> None:
        if new:
            self.beginInsertRows(NOBODY, at, at + len(new) - 1)
            to.extend(new)
            self.endInsertRows()

    def _put(self, row: int, changed: Row) -> None:
        if self._runs[row] != changed:
            self._runs[row] = changed
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(TITLES) - 1))

    def change(self, rows: Iterable[int] | None = None, **values: Any) -> None:
        """Choose something for some runs, or for all."""
        for row in range(len(self._runs)) if rows is None else rows:
            if row < len(self._runs):
                self._runs[row] = replace(self._runs[row], **values)
        if self._runs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._runs) - 1, len(TITLES) - 1))
        self.changed.emit()

    def toggle(self, rows: list[int]) -> None:
        """Tick them, or none of them if all are ticked."""
        runs = [row for row in rows if row < len(self._runs)]
        self.change(runs, ticked=not all(self._runs[row].is_ticked for row in runs))

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A tick, or a place."""
        if not index.isValid() or index.row() >= len(self._runs):
            return False
        if role == Qt.ItemDataRole.CheckStateRole:
            self.change([index.row()], ticked=Qt.CheckState(value) is Qt.CheckState.Checked)
            return True
        if role == Qt.ItemDataRole.EditRole and index.column() in PLACES:
            self.change([index.row()], **{FIELDS[index.column()]: str(value).strip()})
            return True
        return False

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = NOBODY) -> int:
        """Runs, and what is none."""
        return 0 if parent.isValid() else len(self._runs) + len(self._others)

    def columnCount(self, parent: Index = NOBODY) -> int:
        """See `TITLES`."""
        return 0 if parent.isValid() else len(TITLES)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Runs can be ticked and placed; what is no run can be read."""
        found = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if index.row() < len(self._runs):
            if index.column() == NAME:
                found |= Qt.ItemFlag.ItemIsUserCheckable
            elif index.column() in PLACES:
                found |= Qt.ItemFlag.ItemIsEditable
        return found

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts for the eye and for screen readers; the row itself for the painter."""
        if not index.isValid():
            return None
        one, column = self.at(index.row()), index.column()
        if role == ROW:
            return one
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (ROWS, SIZE):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if isinstance(one, NoRun):
            return _of_other(one, column, role)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell_text(one, column) if role == Qt.ItemDataRole.DisplayRole else _spoken(one, column)
        if role == Qt.ItemDataRole.EditRole and column in PLACES:
            return value_of(one, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == NAME:
            return Qt.CheckState.Checked if one.is_ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(f"{words.name_of(one)}\n{one.found.path}" if column == NAME else _spoken(one, column))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        return header_data(TITLES, (ROWS, SIZE), section, orientation, role)


def _of_other(one: NoRun, column: int, role: int) -> Any:
    if column == NAME and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
        name = inert(one.path.rstrip("/").rpartition("/")[2] or one.path)
        return name if role == Qt.ItemDataRole.DisplayRole else tr("{name}: not a run. {why}", name=name, why=one.why)
    return plain(one.why) if role == Qt.ItemDataRole.ToolTipRole else None


def value_of(row: Row, column: int) -> str:
    """Where the run goes, as far as it is known: the server, team or project."""
    return row.server if column == SERVER else row.team_shown if column == TEAM else row.project_shown


def cell_text(row: Row, column: int) -> str:
    """What stands in a cell of a run."""
    if column == NAME:
        return words.name_of(row)
    if column == ROWS:
        return words.rows_text(row)
    if column == SIZE:
        return amounts.size(row.found.bytes)
    if column == SERVER:
        return words.place_text(row.server) if row.server else tr("choose…")
    if column == TEAM:
        return inert(row.team_shown) or tr("default")
    return inert(row.project_shown) or tr("choose…")


def _spoken(row: Row, column: int) -> str:
    if column == NAME:
        return f"{words.name_of(row)}, {words.kind_line(row)}"
    if column in PLACES and cell_text(row, column) == tr("choose…"):
        return tr("{what} is missing: choose one", what=TITLES[column])
    if why := row.unfit.get(FIELDS.get(column, "")):
        return f"{cell_text(row, column)}: {why}"
    return cell_text(row, column)
