"""An error as people need it: what happened, what to do, and the cause for whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label
from runferry.desktop.text import tr
from runferry.errors import AppError


class Trouble(QWidget):
    """The body of a sheet about one error."""

    def __init__(self, error: AppError, close: Callable[[], None]) -> None:
        super().__init__()
        self._error = error
        inner = QWidget()
        lines = QVBoxLayout(inner)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(GRID)
        lines.addWidget(Label(error.message, wrap=True, selectable=True))
        lines.addWidget(Label(error.todo, bold=True, wrap=True, selectable=True))
        if error.cause:
            lines.addWidget(Label(str(error.cause), Size.SMALL, Tone.SUBTLE, wrap=True, selectable=True))
        lines.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inner)
        buttons = QHBoxLayout()
        buttons.addWidget(Button(tr("Copy"), self._copy, "copy"))
        buttons.addStretch(1)
        buttons.addWidget(Button(tr("Close"), close, primary=True))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(area, 1)
        box.addLayout(buttons)

    def _copy(self) -> None:
        QApplication.clipboard().setText(f"{self._error.title}\n{self._error.for_people()}\n{self._error.cause or ''}")
