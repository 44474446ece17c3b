"""A rounded area that holds what belongs together: one server, one certificate, one group of settings."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, MARGIN, card_colour, line_colour

RADIUS = 8


class Panel(QFrame):
    """Its content goes into `box`."""

    def __init__(self, spacing: int = 8, framed: bool = True) -> None:
        super().__init__()
        self._framed = framed
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(*((MARGIN, MARGIN - 4, MARGIN, MARGIN - 4) if framed else (0, 0, 0, 0)))
        self.box.setSpacing(spacing)

    def refill(self) -> QVBoxLayout:
        """Throw out what is in it; an empty column for what comes instead."""
        if (item := self.box.takeAt(0)) is not None and (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self.box.spacing())
        self.box.addWidget(inner)
        return column

    def paintEvent(self, event: QPaintEvent) -> None:
        """A shade apart from the page, with a thin edge."""
        if not self._framed:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(card_colour(self.palette()))
        painter.setPen(QPen(line_colour(), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()


class Scroll(QScrollArea):
    """A column that scrolls up and down, never sideways. Its content goes into `column`."""

    def __init__(self, name: str, margin: int = MARGIN, spacing: int = 12) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # nothing would show it; what is in it passes on Page Up and Down
        self.setAccessibleName(name)
        self.inner = QWidget()
        self.column = QVBoxLayout(self.inner)
        self.column.setContentsMargins(margin, margin, max(margin, GRID), margin)
        self.column.setSpacing(spacing)
        self.setWidget(self.inner)
