"""A short message at the lower edge of the window that goes by itself: "Link copied". Never for what needs a person."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, MARGIN
from runferry.desktop.parts.labels import Label

SHOWN = 4000  # milliseconds


class Toast(QWidget):
    """Over the window's content."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._label = Label()
        box = QHBoxLayout(self)
        box.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        box.addWidget(self._label)
        palette = self._label.palette()
        palette.setColor(palette.ColorRole.WindowText, QColor("#ffffff"))
        self._label.setPalette(palette)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def say(self, text: str) -> None:
        """Show a text for a few seconds."""
        self._label.setText(text)
        self.setAccessibleName(text)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(SHOWN)

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        size = self.sizeHint()
        width = min(size.width(), parent.width() - 2 * MARGIN)
        self.setGeometry((parent.width() - width) // 2, parent.height() - size.height() - MARGIN, width, size.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dark in light and dark surroundings."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(32, 36, 42, 235))
        painter.drawRoundedRect(QRectF(self.rect()), GRID, GRID)
        painter.end()
