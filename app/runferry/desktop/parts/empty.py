"""What a page shows when it has nothing to show: one sentence, and perhaps one button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, MARGIN, Size, Tone
from runferry.desktop.parts.labels import Label, Shape

WIDTH = 420


class Empty(QWidget):
    """In the middle of the page."""

    def __init__(self, shape: str, title: str, sentence: str = "", button: QWidget | None = None) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(MARGIN * 2, MARGIN, MARGIN * 2, MARGIN)
        box.setSpacing(GRID)
        box.addStretch(2)
        box.addWidget(Shape(shape, Tone.SUBTLE, 48), alignment=Qt.AlignmentFlag.AlignHCenter)
        self.title = Label(title, Size.TITLE)
        self.sentence = Label(sentence, tone=Tone.SUBTLE, wrap=True)
        for one in (self.title, self.sentence):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        if sentence:  # its height is fixed too: a label that wraps does not get it from a centred place
            width = balanced(self.sentence, min(WIDTH, self.sentence.fontMetrics().horizontalAdvance(sentence) + GRID))
            self.sentence.setFixedWidth(width)
            self.sentence.setMinimumHeight(self.sentence.heightForWidth(width))
        box.addWidget(self.title)
        box.addWidget(self.sentence, alignment=Qt.AlignmentFlag.AlignHCenter)
        if not sentence:
            self.sentence.hide()
        if button is not None:
            box.addSpacing(GRID)
            box.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)
        box.addStretch(3)


def balanced(label: Label, most: int) -> int:
    """The least width, up to `most`, at which a text needs no more lines: then none has a single word."""
    height, least = label.heightForWidth(most), most // 2
    while most - least > GRID:
        middle = (least + most) // 2
        least, most = (least, middle) if label.heightForWidth(middle) <= height else (middle, most)
    return most
