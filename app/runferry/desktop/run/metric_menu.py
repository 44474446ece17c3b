"""The list in which one ticks the metrics to be drawn: searchable, quick with thousands of names."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from runferry.desktop.look.icons import icon
from runferry.desktop.look.theme import GRID, Size, Tone, dress
from runferry.desktop.parts.cell_text import InertDelegate
from runferry.desktop.parts.labels import PlainLabel
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class MetricModel(QAbstractListModel):
    """Names with ticks; those that contain the words of the search, ticked ones first as of the last opening."""

    ticked_changed = Signal()

    def __init__(self, most: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.most = most
        self._names: tuple[str, ...] = ()
        self._shown: list[str] = []
        self._words: list[str] = []
        self.ticked: list[str] = []

    def set_names(self, names: Sequence[str], ticked: Sequence[str]) -> None:
        """All names there are, and which of them are ticked."""
        self._names, self.ticked = tuple(names), list(ticked)
        self._list()

    def search(self, text: str) -> None:
        """Show names that contain each of the words."""
        self._words = text.lower().split()
        self._list()

    def _list(self) -> None:
        self.beginResetModel()
        ticked = set(self.ticked)
        found = [one for one in self._names if all(word in one.lower() for word in self._words)]
        self._shown = [one for one in found if one in ticked] + [one for one in found if one not in ticked]
        self.endResetModel()

    @property
    def full(self) -> bool:
        """Whether no more can be ticked."""
        return len(self.ticked) >= self.most

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        name = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain(name)
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if name in self.ticked else Qt.CheckState.Unchecked
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
        if index.isValid() and (not self.full or self._shown[index.row()] in self.ticked):
            flags |= Qt.ItemFlag.ItemIsEnabled
        return flags

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        name = self._shown[index.row()]
        if name in self.ticked:
            self.ticked.remove(name)
        elif not self.full:
            self.ticked.append(name)
        else:
            return False
        # Whether others can be ticked may have changed, too.
        self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))
        self.ticked_changed.emit()
        return True


class _TickAnywhere(InertDelegate):
    """A click anywhere in a row ticks it, and so does the space bar."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), 3 * GRID))

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        if not model.flags(index) & Qt.ItemFlag.ItemIsEnabled:
            return False
        clicked = isinstance(event, QMouseEvent) and event.button() is Qt.MouseButton.LeftButton
        typed = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select)
        if (clicked and event.type() is QEvent.Type.MouseButtonRelease) or typed:
            return model.setData(index, None, Qt.ItemDataRole.CheckStateRole)
        return False


class MetricMenu(QFrame):
    """A popup below the button that opened it; `ticked_changed` comes with each tick."""

    ticked_changed = Signal()

    def __init__(self, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.model = MetricModel(most, self)
        self.search = QLineEdit(clearButtonEnabled=True, placeholderText=tr("Search metrics"))
        self.search.setAccessibleName(tr("Search metrics"))
        self._glass = self.search.addAction(icon("search", Tone.SUBTLE), QLineEdit.ActionPosition.LeadingPosition)
        self.list = QListView(uniformItemSizes=True)
        self.list.setAccessibleName(tr("Metrics"))
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setModel(self.model)
        self._note = PlainLabel()
        dress(self._note, Size.SMALL, Tone.SUBTLE)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(GRID, GRID, GRID, GRID)
        for widget in (self.search, self.list, self._note):
            whole.addWidget(widget)
        self.search.textChanged.connect(self._searched)
        self.model.ticked_changed.connect(self._ticked)
        self.list.setItemDelegate(_TickAnywhere(self.list))
        self.resize(320, 360)

    def open_below(self, widget: QWidget, names: Sequence[str], ticked: Sequence[str]) -> None:
        """Show it at the lower left of a button."""
        self._glass.setIcon(icon("search", Tone.SUBTLE))
        self.model.set_names(names, ticked)
        self.search.clear()
        self._say()
        self.move(widget.mapToGlobal(widget.rect().bottomLeft()))
        self.show()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From the search into the list, and back."""
        key = event.key()
        if key == Qt.Key.Key_Down and self.search.hasFocus() and self.model.rowCount():
            self.list.setFocus(Qt.FocusReason.TabFocusReason)
            self.list.setCurrentIndex(self.model.index(0))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.search.hasFocus() and self.search.text() and self.model.rowCount():
                self._toggle(self.model.index(0))
            else:
                self.close()
        else:
            super().keyPressEvent(event)

    def _searched(self, text: str) -> None:
        self.model.search(text)
        self._say()

    def _ticked(self) -> None:
        self._say()
        self.ticked_changed.emit()

    def _toggle(self, index: QModelIndex) -> None:
        if self.model.flags(index) & Qt.ItemFlag.ItemIsEnabled:
            self.model.setData(index, None, Qt.ItemDataRole.CheckStateRole)

    def _say(self) -> None:
        text = tr("{count} of at most {most} chosen", count=len(self.model.ticked), most=self.model.most)
        self._note.setText(text if self.model.rowCount() else tr("No metric has this in its name"))
