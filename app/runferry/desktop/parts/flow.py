"""A layout for buttons that goes on in the next line where the window is narrow."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget, QWidgetItem

from runferry.desktop.look.theme import GRID


class Flow(QLayout):
    """Items keep their size; hidden ones take no room."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def add(self, *widgets: QWidget) -> Flow:
        """Append widgets."""
        for one in widgets:
            self.addChildWidget(one)
            # Made here and not by Qt's `addWidget`: of an item that Qt made PySide believes that it goes with whatever
            # it takes for an owner further up, and `isValid` is false while the item still stands.
            self.addItem(QWidgetItem(one))
        self.invalidate()
        return self

    def addItem(self, item: QLayoutItem) -> None:
        """Append one."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem:
        """One of them; None (which Qt's types do not know) beyond the end."""
        return self._items[index] if 0 <= index < len(self._items) else None  # type: ignore[return-value]

    def takeAt(self, index: int) -> QLayoutItem:
        """Remove one; None beyond the end."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None  # type: ignore[return-value]

    def expandingDirections(self) -> Qt.Orientation:
        """None of its own."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """A narrow one is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """How high at this width."""
        return self._place(QRect(0, 0, width, 0), moves=False)

    def sizeHint(self) -> QSize:
        """All in one line."""
        shown = [one.sizeHint() for one in self._shown()]
        width = sum(one.width() for one in shown) + GRID * max(len(shown) - 1, 0)
        return QSize(width, max((one.height() for one in shown), default=0))

    def minimumSize(self) -> QSize:
        """As wide as the widest."""
        shown = [one.minimumSize() for one in self._shown()]
        return QSize(max((one.width() for one in shown), default=0), max((one.height() for one in shown), default=0))

    def setGeometry(self, rect: QRect) -> None:
        """Place them."""
        super().setGeometry(rect)
        self._place(rect, moves=True)

    def _shown(self) -> list[QLayoutItem]:
        return [one for one in self._items if not one.isEmpty()]

    def _place(self, rect: QRect, moves: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for one in self._shown():
            size = one.sizeHint()
            if x > rect.x() and x + size.width() > rect.right() + 1:
                x, y, line = rect.x(), y + line + GRID, 0
            if moves:
                one.setGeometry(QRect(QPoint(x, y), size))
            x, line = x + size.width() + GRID, max(line, size.height())
        return y + line - rect.y()
