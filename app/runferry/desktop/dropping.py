"""Dropping files onto any part of the window: what a drag carries, and the area that shows while one is over it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPalette, QPen, QShowEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from runferry.desktop.look.theme import MARGIN, Size, Tone, colour, faint
from runferry.desktop.parts.labels import Label, Shape
from runferry.desktop.text import tr

_BY_HAND = {QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress, QEvent.Type.Wheel}
CERTIFICATES = (".pem", ".crt", ".cer", ".der")


def dropped_paths(data: QMimeData) -> list[Path]:
    """Files and folders of this computer that a drag carries; other addresses are left out."""
    if not data.hasUrls():
        return []
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile() and url.toLocalFile()]


def are_certificates(paths: list[Path]) -> bool:
    """Whether all of them are certificate files by their names: those go to the certificates pane."""
    return bool(paths) and all(one.suffix.lower() in CERTIFICATES for one in paths)


class DropArea(QWidget):
    """Covers the window while something is dragged over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = Label(tr("Drop to sync"), Size.TITLE, bold=True)
        self._what = Label("", tone=Tone.SUBTLE)
        box = QVBoxLayout(self)
        box.addStretch(1)
        box.addWidget(Shape("drop", Tone.ACCENT, 48), alignment=Qt.AlignmentFlag.AlignHCenter)
        box.addWidget(self._title, alignment=Qt.AlignmentFlag.AlignHCenter)
        box.addWidget(self._what, alignment=Qt.AlignmentFlag.AlignHCenter)
        box.addStretch(1)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def announce(self, paths: list[Path]) -> None:
        """Show what would happen; nothing is sent before it was looked at."""
        if are_certificates(paths):
            self._title.setText(tr("Drop to look at the certificate"))
        else:
            self._title.setText(tr("Drop to sync"))
        names = ", ".join(one.name for one in paths[:3]) + (" …" if len(paths) > 3 else "")
        self._what.setText(tr("{names} — nothing is sent before you say so", names=names))
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.show()
        self.raise_()

    def showEvent(self, event: QShowEvent) -> None:
        """From now on it is watched whether the drag is still there."""
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """The drag is over."""
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        super().hideEvent(event)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        """During a drag the mouse is its program's alone: whoever feels it here learns that the program is gone."""
        if event.type() in _BY_HAND:
            self.hide()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """A dashed frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        base = self.palette().color(QPalette.ColorRole.Window)
        base.setAlphaF(0.93)
        painter.fillRect(self.rect(), base)
        painter.setBrush(faint(Tone.ACCENT, 0.08))
        painter.setPen(QPen(colour(Tone.ACCENT), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), 12, 12)
        painter.end()
