"""Finding in a text view: all places counted, those in sight marked, the next and the previous one selected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QObject
from PySide6.QtGui import QPalette, QTextBlock, QTextCursor, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from runferry.desktop.look.theme import Tone, faint


class TextSearch(QObject):
    """Upper and lower case are alike."""

    def __init__(self, view: QPlainTextEdit) -> None:
        super().__init__(view)
        self._view = view
        self._wanted = ""
        self._pattern: re.Pattern[str] | None = None
        view.updateRequest.connect(lambda _, moved: self.mark() if moved else None)

    def look_for(self, text: str) -> None:
        """Mark every place with this text; an empty one takes the marks away."""
        self._wanted = text
        self._pattern = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self.mark()

    def count(self) -> tuple[int, int]:
        """Which of the places is selected (from 1 on; 0: none), and how many there are."""
        if self._pattern is None:
            return 0, 0
        text = self._view.toPlainText()
        total = sum(1 for _ in self._pattern.finditer(text))
        cursor = self._view.textCursor()
        if not self._pattern.fullmatch(cursor.selectedText()):
            return 0, total
        # Qt counts in UTF-16, Python in characters.
        before = text.encode("utf-16-le", "surrogatepass")[: 2 * cursor.selectionStart()].decode("utf-16-le", "replace")
        return sum(1 for _ in self._pattern.finditer(before)) + 1, total

    def step(self, back: bool = False) -> bool:
        """Select the next place, from the other end on where there is none; whether there is one at all."""
        if not self._wanted:
            return False
        flag = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        if self._view.find(self._wanted, flag):
            return True
        kept, ends = self._view.textCursor(), QTextCursor.MoveOperation
        self._view.moveCursor(ends.End if back else ends.Start)
        if self._view.find(self._wanted, flag):
            return True
        self._view.setTextCursor(kept)
        return False

    def mark(self) -> None:
        """Mark the places in sight; call it after the text changed."""
        marks = []
        if self._pattern is not None:
            paper = faint(Tone.WARN, 0.35)
            for block in self._in_sight():
                for start, end in self._places(block.text()):
                    one = QTextEdit.ExtraSelection()
                    one.cursor = QTextCursor(block)
                    one.cursor.setPosition(block.position() + start)
                    one.cursor.setPosition(block.position() + end, QTextCursor.MoveMode.KeepAnchor)
                    one.format.setBackground(paper)
                    marks.append(one)
        if marks or self._view.extraSelections():
            self._view.setExtraSelections(marks)

    def _in_sight(self) -> Iterator[QTextBlock]:
        view = self._view
        block, last = view.cursorForPosition(view.viewport().rect().topLeft()).block(), view.viewport().rect()
        end = view.cursorForPosition(last.bottomRight()).blockNumber()
        while block.isValid() and block.blockNumber() <= end:
            yield block
            block = block.next()

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        assert self._pattern is not None
        for match in self._pattern.finditer(text):
            start = len(text[: match.start()].encode("utf-16-le", "surrogatepass")) // 2
            yield start, start + len(match[0].encode("utf-16-le", "surrogatepass")) // 2


def find_palette(palette: QPalette) -> QPalette:
    """The selection keeps its strong colour without focus, so that the found place is seen while one types."""
    found = QPalette(palette)
    for role in (QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText):
        found.setColor(QPalette.ColorGroup.Inactive, role, palette.color(QPalette.ColorGroup.Active, role))
    return found
