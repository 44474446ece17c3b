"""Qt's view of nested settings and results: two columns, rows made when they are opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from runferry.desktop.look.theme import Tone, colour
from runferry.desktop.run.tree_nodes import Finder, Node, Only, Path, differ, entries, same_keys, value_words

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
KEY, VALUE = 0, 1


class TreeModel(QAbstractItemModel):
    """`words`: the titles of both columns."""

    def __init__(self, words: tuple[str, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._data: Mapping[str, Any] = {}
        self._finder = Finder({})
        self._search = ""
        self.found: int | None = None
        """How many values the search left; None while nothing is searched."""
        self._top = Node("", {}, None, 0)

    def set_data(self, data: Mapping[str, Any]) -> None:
        """Other data. Where only values changed, rows stay as they are."""
        in_place = not self._search and same_keys(self._data, data)
        self._data, self._finder = data, Finder(data)
        if in_place:
            self._top.value = data
            self._refresh(self._top)
        else:
            self._rebuild()

    def search(self, text: str) -> None:
        """Leave the values (and what is above them) that have each of these words in their path or value."""
        if text.split() != self._search.split():
            self._search = text.strip()
            self._rebuild()

    @property
    def searching(self) -> bool:
        """Whether a search narrows what is shown."""
        return bool(self._search)

    def _rebuild(self) -> None:
        self.beginResetModel()
        only: Only | None = None
        self.found = None
        if self._search:
            only, self.found = self._finder.find(self._search)
        self._top = Node("", self._data, None, 0, only)
        self.endResetModel()

    def _refresh(self, node: Node) -> None:
        """Hand new values down to the rows that were made, and tell of those that differ."""
        changed: list[int] = []
        for child, (_, value) in zip(node.made, entries(node.value) if node.made else (), strict=True):
            if child.value is not value:
                if differ(child.value, value):
                    changed.append(child.row)
                child.value = value
                self._refresh(child)
        if changed:
            first, last = (self.createIndex(row, VALUE, node.made[row]) for row in (changed[0], changed[-1]))
            self.dataChanged.emit(first, last)

    # Places

    def node(self, index: Index) -> Node:
        """The row at an index; the top for the invalid one."""
        if not index.isValid():
            return self._top
        found: Node = index.internalPointer()
        return found

    def index_of(self, path: Path) -> QModelIndex:
        """Where a path is now; invalid where it is gone."""
        node = self._top.at(path)
        return self.createIndex(node.row, KEY, node) if node is not None and path else QModelIndex()

    # Qt

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        children = self.node(parent).children
        if 0 <= row < len(children) and column in (KEY, VALUE):
            return self.createIndex(row, column, children[row])
        return QModelIndex()

    def parent(self, index: Index = _ROOT) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent if index.isValid() else None
        return QModelIndex() if above is None or above is self._top else self.createIndex(above.row, KEY, above)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 2

    def hasChildren(self, parent: Index = _ROOT) -> bool:
        return parent.column() <= 0 and self.node(parent).has_children

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._words[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        node = self.node(index)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == VALUE and node.has_children:
            return colour(Tone.SUBTLE)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        return node.key if index.column() == KEY else value_words(node.value)
