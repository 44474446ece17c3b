"""Labels in the three sizes and in the colour of a meaning, which follow the palette when it changes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QMenu, QSizePolicy, QWidget

from runferry.desktop.look import icons
from runferry.desktop.look.theme import Size, Tone, colour, font, line_colour
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import shown, tr, unbroken


class PlainLabel(QLabel):
    """A text; never markup, since names of runs may look like it. Qt guesses where it is not told."""

    def __init__(self, text: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.setTextFormat(Qt.TextFormat.PlainText)
        QLabel.setText(self, shown(text))

    def setText(self, text: str) -> None:
        """Another text."""
        super().setText(shown(text))


class Label(PlainLabel):
    """A text in one of the sizes, in the colour of its meaning."""

    def __init__(
        self,
        text: str = "",
        size: Size = Size.BODY,
        tone: Tone = Tone.TEXT,
        bold: bool = False,
        wrap: bool = False,
        selectable: bool = False,
    ) -> None:
        super().__init__(text)
        self._tone = tone
        self.setFont(font(size, bold))
        self.setWordWrap(wrap)
        if selectable:
            flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            self.setTextInteractionFlags(flags)
        self._ink()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is copied is the text as it is, without the marks that let long words break (`text.breakable`)."""
        if event.matches(QKeySequence.StandardKey.Copy) and self.hasSelectedText():
            self._copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Copying by mouse."""
        if not self.hasSelectedText():
            super().contextMenuEvent(event)
            return
        menu = QMenu(self)
        menu.addAction(tr("Copy")).triggered.connect(self._copy)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(event.globalPos())

    def _copy(self) -> None:
        QApplication.clipboard().setText(unbroken(self.selectedText()))

    def set_tone(self, tone: Tone) -> None:
        """Another meaning."""
        self._tone = tone
        self._ink()

    def _ink(self) -> None:
        if self._tone is Tone.TEXT:
            return
        palette = self.palette()
        if palette.color(QPalette.ColorRole.WindowText) != (ink := colour(self._tone)):
            palette.setColor(QPalette.ColorRole.WindowText, ink)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Light became dark, or back."""
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._ink()
        super().changeEvent(event)


class Elided(Label):
    """One line that is cut in the middle where it is too long; the whole is its tooltip."""

    def __init__(self, text: str = "", size: Size = Size.BODY, tone: Tone = Tone.TEXT, bold: bool = False) -> None:
        super().__init__(text, size, tone, bold)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(plain(text))

    def setText(self, text: str) -> None:
        """Another text."""
        super().setText(text)
        self.setToolTip(plain(text))

    def minimumSizeHint(self) -> QSize:
        """As narrow as one likes."""
        return QSize(20, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """As much as there is room for."""
        painter = QPainter(self)
        metrics = QFontMetrics(self.font())
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class Shape(QWidget):
    """An icon in the colour of a meaning; `text` is what it says to those who cannot see it."""

    def __init__(self, name: str = "", tone: Tone = Tone.TEXT, size: int = 16, text: str = "") -> None:
        super().__init__()
        self._name, self._tone = name, tone
        self.setFixedSize(size, size)
        self.setAccessibleName(text)

    def show_shape(self, name: str, tone: Tone, text: str = "") -> None:
        """Another one."""
        self._name, self._tone = name, tone
        self.setAccessibleName(text)
        self.setToolTip(plain(text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        if self._name:
            painter = QPainter(self)
            icons.paint(painter, self.rect().toRectF(), self._name, self._tone)
            painter.end()


class Line(QFrame):
    """A thin line between two areas."""

    def __init__(self, vertical: bool = False) -> None:
        super().__init__()
        self.setFixedWidth(1) if vertical else self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One device-independent pixel."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), line_colour())
        painter.end()
