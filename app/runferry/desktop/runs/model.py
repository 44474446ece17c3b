"""The runs that are shown, filtered and sorted in one pass: Qt's proxy model calls back for each comparison, and is
too slow for ten thousand.

A row that changes stays where it is; only a person's choice sorts anew. What comes later gets its place in the order.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from runferry.desktop.look import amounts
from runferry.desktop.parts.tips import plain
from runferry.desktop.runs.columns import COLUMNS, Filter, searched
from runferry.status import RunStatus

Index = QModelIndex | QPersistentModelIndex
RUN = Qt.ItemDataRole.UserRole
NOBODY = QModelIndex()
BULK = 200  # new rows at once, above which the table is filled anew


class RunsModel(QAbstractTableModel):
    """`rows` are the keys shown, in their order."""

    counted = Signal()  # how many are shown changed

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, RunStatus] = {}
        self._texts: dict[str, str] = {}  # what is searched, by key
        self._unread: dict[str, RunStatus] = {}  # runs whose text is to be made
        self._rows: list[str] = []
        self._places: dict[str, int] | None = None  # where each key is; made when asked for
        self._filter = Filter()
        self._column, self._descending = len(COLUMNS) - 1, True
        self._fresh: set[str] = set()
        self._is_begun = False  # what is there from the start is not new
        self.now = time.time()

    # -- what is shown ------------------------------------------------------------------------------------------------

    def run(self, row: int) -> RunStatus:
        """The run of a row."""
        return self._runs[self._rows[row]]

    def is_fresh(self, key: str) -> bool:
        """Whether a run came since somebody looked."""
        return key in self._fresh

    def row_of(self, key: str) -> int | None:
        """Where a run is shown."""
        return self._numbered().get(key)

    @property
    def all(self) -> int:
        """How many there are, shown or not."""
        return len(self._runs)

    def filter(self, wanted: Filter) -> None:
        """Show others."""
        self._filter = wanted
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; once, until asked again."""
        self._column, self._descending = column, order is Qt.SortOrder.DescendingOrder
        self._arrange()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def _arrange(self, gone: Sequence[str] = ()) -> None:
        """Anew, without those that went; selections and the scroll position go with their rows."""
        self.layoutAboutToBeChanged.emit()
        for key in gone:
            self._forget(key)
        held = self.persistentIndexList()
        keys = [self._rows[one.row()] for one in held]
        shown = self._fitting()
        sort = COLUMNS[self._column].sort
        shown.sort(key=sort, reverse=self._descending)
        self._rows = [run.key for run in shown]
        self._places = None
        places = self._numbered()
        moved = [
            self.index(places[key], one.column()) if key in places else NOBODY
            for key, one in zip(keys, held, strict=True)
        ]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()
        self.counted.emit()

    def _fitting(self) -> list[RunStatus]:
        """What the filter takes; the text that is searched is made once, not for each letter that is typed."""
        if not self._filter.words:
            return [run for run in self._runs.values() if self._filter.takes(run)]
        for run in self._unread.values():
            self._texts[run.key] = searched(run)
        self._unread.clear()
        texts, takes = self._texts, self._filter.takes
        return [run for key, run in self._runs.items() if takes(run, texts[key])]

    def _numbered(self) -> dict[str, int]:
        if self._places is None:
            self._places = {key: row for row, key in enumerate(self._rows)}
        return self._places

    # -- changes ------------------------------------------------------------------------------------------------------

    def take(self, changed: Iterable[RunStatus], gone: Sequence[str]) -> None:
        """Runs in their latest state, and keys of those that went."""
        places = self._numbered()
        hidden = [key for key in gone if key in places]
        new: list[RunStatus] = []
        touched: list[int] = []
        for key, run in {one.key: one for one in changed}.items():
            self._runs[key] = self._unread[key] = run
            row = places.get(key)
            if row is not None:
                touched.append(row)
            elif self._filter.takes(run):
                new.append(run)
        self._tell(touched)
        if len(new) + len(hidden) > BULK or not self._is_begun:
            self._arrange(gone)
            self._is_begun = self._is_begun or bool(self._runs)
            return
        for key in hidden:
            self._remove(key)
        for key in gone:  # not before their rows: views still ask for these
            self._forget(key)
        for run in new:
            self._insert(run)
        if new or hidden:
            self.counted.emit()

    def _forget(self, key: str) -> None:
        self._runs.pop(key, None)
        self._texts.pop(key, None)
        self._unread.pop(key, None)

    def _tell(self, rows: list[int]) -> None:
        """One signal for rows beside each other."""
        last = len(COLUMNS) - 1
        rows.sort()
        start = 0
        for end in range(1, len(rows) + 1):
            if end == len(rows) or rows[end] != rows[end - 1] + 1:
                self.dataChanged.emit(self.index(rows[start], 0), self.index(rows[end - 1], last))
                start = end

    def _remove(self, key: str) -> None:
        row = self._rows.index(key)
        self.beginRemoveRows(NOBODY, row, row)
        del self._rows[row]
        self._places = None
        self.endRemoveRows()

    def _insert(self, run: RunStatus) -> None:
        sort = COLUMNS[self._column].sort
        if self._descending:
            low, high = 0, len(self._rows)
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if sort(self._runs[self._rows[middle]]) <= sort(run) else (middle + 1, high)
            row = low
        else:
            row = bisect_left(self._rows, sort(run), key=lambda key: sort(self._runs[key]))
        self.beginInsertRows(NOBODY, row, row)
        self._rows.insert(row, run.key)
        self._places = None
        self._fresh.add(run.key)
        self.endInsertRows()

    def seen(self) -> None:
        """New rows have been looked at: their marks go."""
        if self._fresh:
            places = self._numbered()
            rows = [places[key] for key in self._fresh if key in places]
            self._fresh.clear()
            self._tell(rows)

    def tick(self, now: float) -> None:
        """Relative times go on."""
        self.now = now
        if self._rows:
            last = len(COLUMNS) - 1
            self.dataChanged.emit(self.index(0, last), self.index(len(self._rows) - 1, last))

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = NOBODY) -> int:
        """Runs shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOBODY) -> int:
        """See `columns`."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts for the eye and for screen readers; the run itself for the painter."""
        if not index.isValid():
            return None
        run, column = self._runs[self._rows[index.row()]], COLUMNS[index.column()]
        if role == RUN:
            return run
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return column.text(run, self.now)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(run, column.name, column.text(run, self.now))
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _title(self, section: int) -> str:
        """With an arrow where it is sorted by: Qt's own would lie on the text of a narrow column."""
        title = COLUMNS[section].title
        if section != self._column or not title:
            return title
        return f"{title} {'▾' if self._descending else '▴'}"

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(section)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return COLUMNS[section].title or "State"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if COLUMNS[section].is_number else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


def _tooltip(run: RunStatus, column: str, text: str) -> str:
    return plain(_told(run, column, text))


def _told(run: RunStatus, column: str, text: str) -> str:
    if column == "started":
        return amounts.exact(run.started)
    if column == "server":
        return run.server
    if column == "name":
        return f"{text}\n{run.path}"
    if column in ("state", "progress") and run.error:
        return f"{run.error.get('title', '')}\n{run.error.get('message', '')}\n{run.error.get('todo', '')}"
    return run.held or text if column in ("state", "progress") else text
