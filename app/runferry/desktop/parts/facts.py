"""The pane below a table: titles and texts about the row that is looked at; they can be selected and copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.labels import Label

LINES = 6  # titles at most


class Facts(QScrollArea):
    """Its labels are made once and filled again and again."""

    def __init__(self, name: str) -> None:
        super().__init__()
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, GRID // 2, 0, 0)
        grid.setHorizontalSpacing(GRID * 2)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self._lines = [
            (Label(size=Size.SMALL, tone=Tone.SUBTLE), Label(size=Size.SMALL, wrap=True, selectable=True))
            for _ in range(LINES)
        ]
        for row, (title, text) in enumerate(self._lines):
            grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(text, row, 1, Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(LINES, 1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its texts take it
        self.setAccessibleName(name)
        self.show_facts([])

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        """Titles and texts; what is more than fits is left out."""
        for number, (title, text) in enumerate(self._lines):
            shown = number < len(facts)
            title.setVisible(shown)
            text.setVisible(shown)
            if shown and (title.text(), text.text()) != facts[number]:
                title.setText(facts[number][0])
                text.setText(facts[number][1])
                text.setAccessibleName(": ".join(facts[number]))

    def facts(self) -> list[tuple[str, str]]:
        """What is shown."""
        return [(title.text(), text.text()) for title, text in self._lines if not title.isHidden()]
