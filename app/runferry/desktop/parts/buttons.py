"""Buttons: one look for each weight, always with a text that can be read aloud."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QPushButton, QToolButton

from runferry.desktop.look import icons
from runferry.desktop.look.theme import Tone
from runferry.desktop.parts.tips import plain


class Button(QPushButton):
    """A button with a text and perhaps an icon. `primary`: what most people want here; one per page."""

    def __init__(self, text: str, clicked: Callable[[], object], icon: str = "", primary: bool = False) -> None:
        super().__init__(text)
        self._icon = icon
        self.setDefault(primary)
        self.setAutoDefault(primary)
        self.clicked.connect(lambda: clicked())
        self._draw()

    def show_as(self, text: str, icon: str) -> None:
        """Another text and icon; what it does stays."""
        if self.text() != text or self._icon != icon:
            self._icon = icon
            self.setText(text)
            self._draw()

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

    def _draw(self) -> None:
        self.setIcon(icons.icon(self._icon, self._tone))

    def changeEvent(self, event: QEvent) -> None:
        """Light became dark, or back."""
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._draw()
        super().changeEvent(event)
