"""A dashed area that takes dropped files, with a button for those who choose them in a dialog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from runferry.desktop.dropping import dropped_paths
from runferry.desktop.look.theme import GRID, MARGIN, Tone, colour, faint
from runferry.desktop.parts.labels import Label, Shape


class DropTarget(QWidget):
    """`taken` gets the files of this computer that are dropped here."""

    def __init__(self, text: str, taken: Callable[[list[Path]], None], *buttons: QWidget) -> None:
        super().__init__()
        self._taken = taken
        self._is_over = False
        self.setAcceptDrops(True)
        self.setAccessibleName(text)
        box = QHBoxLayout(self)
        box.setContentsMargins(MARGIN, GRID + 4, MARGIN, GRID + 4)
        box.setSpacing(GRID)
        box.addWidget(Shape("drop", Tone.SUBTLE, 24))
        box.addWidget(Label(text, tone=Tone.SUBTLE, wrap=True), 1)
        for button in buttons:
            box.addWidget(button)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are welcome."""
        if dropped_paths(event.mimeData()):
            self._over(True)
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went on."""
        self._over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Here they are."""
        self._over(False)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._taken(dropped_paths(event.mimeData()))

    def _over(self, is_over: bool) -> None:
        self._is_over = is_over
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A dashed frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._is_over:
            painter.setBrush(faint(Tone.ACCENT, 0.1))
        painter.setPen(QPen(colour(Tone.ACCENT) if self._is_over else faint(Tone.TEXT, 0.35), 1, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.end()
