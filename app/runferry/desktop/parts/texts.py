"""Texts of a table's cells, cut to their width and laid out once: a screen of a list has two hundred of them.

To lay out a text takes ten times as long as to draw it. What was drawn before is drawn from what is kept here.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QStaticText

from runferry.inert import inert

MOST = 8000  # texts kept; a screen holds some hundred


class Texts:
    """Texts in one font. `middle`: what is too long loses its middle, not its end."""

    def __init__(self, font: QFont, middle: bool = False) -> None:
        self.font = font
        self._metrics = QFontMetrics(font)
        self._height = self._metrics.height()
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self._made: dict[tuple[str, int], tuple[QStaticText, float]] = {}

    def draw(self, painter: QPainter, area: QRect, text: str, at_right: bool = False) -> float:
        """In the painter's pen, in the middle of the area's height; gives how wide it is."""
        if not text:
            return 0.0
        room = area.width()
        made = self._made.get((text, room)) or self._make(text, room)
        x = area.x() + room - made[1] if at_right else area.x()
        painter.setFont(self.font)
        painter.drawStaticText(QPointF(x, area.y() + (area.height() - self._height) // 2), made[0])
        return made[1]

    def _make(self, text: str, room: int) -> tuple[QStaticText, float]:
        if len(self._made) >= MOST:
            self._made.clear()
        found = QStaticText(self._metrics.elidedText(inert(text), self._mode, room))
        found.setTextFormat(Qt.TextFormat.PlainText)
        found.prepare(font=self.font)
        made = self._made[text, room] = found, found.size().width()
        return made
