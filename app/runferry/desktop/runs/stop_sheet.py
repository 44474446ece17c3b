"""Asks once before a training is stopped: it is one of the two things that cannot be undone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label
from runferry.desktop.text import tr
from runferry.engine.stopping import Target


class StopSheet(QWidget):
    """The body of the sheet: which process, what will happen, and the two buttons."""

    def __init__(self, name: str, targets: list[Target], stop: Callable[[], None], close: Callable[[], None]) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        said = tr("“{name}” is interrupted, as with Ctrl+C. It may still write its last rows; those are sent too.")
        box.addWidget(Label(said.format(name=name), wrap=True))
        for one in targets:
            box.addWidget(
                Label(tr("Process {pid}", pid=", ".join(map(str, (one.pid, *one.others)))), Size.SMALL, Tone.SUBTLE)
            )
            box.addWidget(Label(one.command, Size.SMALL, Tone.SUBTLE, wrap=True, selectable=True))
        box.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(Button(tr("Let it run"), close, primary=True))  # Return must not stop anything
        self.button = Button(tr("Stop the training"), stop, "stop")
        buttons.addWidget(self.button)
        box.addLayout(buttons)
