"""One step: a question, a sentence about it, and what there is to choose from."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.labels import Label


class Step(QWidget):
    """What there is to choose goes into `box`."""

    def __init__(self, question: str, sentence: str) -> None:
        super().__init__()
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(GRID)
        self.question = Label(question, Size.BODY, bold=True)
        self.sentence = Label(sentence, tone=Tone.SUBTLE, wrap=True)
        self.box.addWidget(self.question)
        self.box.addWidget(self.sentence)
        self.box.addSpacing(GRID)
