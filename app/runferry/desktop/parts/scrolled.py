"""A text as high as it needs to be, but not higher than a limit: then it scrolls. For errors of forty lines."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy

from runferry.desktop.parts.labels import Label
from runferry.desktop.text import breakable


class ScrolledText(QScrollArea):
    """`most`: points of height. The label must wrap; long words in it are broken."""

    def __init__(self, label: Label, most: int) -> None:
        super().__init__()
        self._label, self._most, self._text = label, most, ""
        self.setWidget(label)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        label.setAutoFillBackground(False)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)

    def say(self, text: str) -> None:
        """Only what changed: a text that is set anew loses its selection."""
        if text != self._text:
            self._text = text
            self._label.setText(breakable(text))
            self._label.setAccessibleName(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width needs another height."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = max(0, min(self._label.heightForWidth(max(self.viewport().width(), 1)), self._most))
        if height != self.height():
            self.setFixedHeight(height)
