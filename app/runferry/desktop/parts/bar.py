"""A thin bar that fills: how much is sent. It moves back and forth while nobody knows how much there is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar

from runferry.desktop.look.theme import Tone, colour, faint

HEIGHT = 4
WHOLE = 1000


class Bar(QProgressBar):
    """Range 0 to `WHOLE`, or 0 to 0 as with any progress bar. `name`: what is read aloud."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setTextVisible(False)
        self.setFixedHeight(HEIGHT)
        self.setRange(0, WHOLE)
        self.setAccessibleName(name)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The same as in the list of runs, in the accent's colour."""
        if self.maximum() <= self.minimum():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole, radius = QRectF(self.rect()), self.height() / 2
        painter.setBrush(faint(Tone.TEXT))
        painter.drawRoundedRect(whole, radius, radius)
        share = (self.value() - self.minimum()) / (self.maximum() - self.minimum())
        if share > 0:
            painter.setBrush(colour(Tone.ACCENT))
            whole.setWidth(max(whole.width() * share, self.height()))
            painter.drawRoundedRect(whole, radius, radius)
        painter.end()
