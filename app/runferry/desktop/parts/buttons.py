"""Buttons: one look for each weight, always with a text that can be read aloud."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QToolButton

from runferry.desktop.look import icons
from runferry.desktop.look.theme import Tone, colour
from runferry.desktop.parts.tips import plain

RETURNS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
AIRY = QSize(22, 16)  # of an icon beside a text: styles leave it hardly any room of its own


class Button(QPushButton):
    """A button with a text and perhaps an icon; Return presses it too, as in a dialog.

    `primary`: what most people want here; one per page. On a sheet Return presses it wherever the focus is.
    """

    def __init__(self, text: str, clicked: Callable[[], object], icon: str = "", primary: bool = False) -> None:
        super().__init__(text)
        self._icon = icon
        self.setIconSize(AIRY)
        self.is_primary = primary
        self.setDefault(primary)
        self.setAutoDefault(False)  # outside of dialogs it only takes the look away once the focus was there
        self.clicked.connect(lambda: clicked())
        self._draw()

    def show_as(self, text: str, icon: str) -> None:
        """Another text and icon; what it does stays."""
        if self.text() != text or self._icon != icon:
            self._icon = icon
            self.setText(text)
            self._draw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space by itself; Return only in dialogs."""
        if event.key() in RETURNS and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """With a ring where keys have led here: styles draw a primary button as if it always had the focus."""
        super().paintEvent(event)
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colour(Tone.ACCENT), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5), 2, 2)
            painter.end()

    def _draw(self) -> None:
        if self._icon:
            self.setIcon(icons.icon(self._icon))

    def changeEvent(self, event: QEvent) -> None:
        """Light became dark, or back."""
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._draw()
        super().changeEvent(event)


class IconButton(QToolButton):
    """An icon alone; `text` is its tooltip and what is read aloud."""

    def __init__(
        self, icon: str, text: str, clicked: Callable[[], object] | None = None, tone: Tone = Tone.TEXT
    ) -> None:
        super().__init__()
        self._icon, self._tone = icon, tone
        self.setAutoRaise(True)
        self.setToolTip(plain(text))
        self.setAccessibleName(text)
        if clicked is not None:
            self.clicked.connect(lambda: clicked())
        self._draw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return as Space."""
        if event.key() in RETURNS and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def _draw(self) -> None:
        self.setIcon(icons.icon(self._icon, self._tone))

    def changeEvent(self, event: QEvent) -> None:
        """Light became dark, or back."""
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._draw()
        super().changeEvent(event)
