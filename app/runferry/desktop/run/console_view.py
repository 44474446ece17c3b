"""The text of the console: coloured lines that come in pieces, so that the window answers while thousands arrive.

It follows the end unless somebody scrolled away from it; then what is read stays where it is.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontDatabase, QHideEvent, QResizeEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from runferry.desktop.look import amounts
from runferry.desktop.look.icons import icon
from runferry.desktop.look.theme import GRID
from runferry.desktop.run.ansi import PLAIN, Piece, Style, pieces
from runferry.desktop.run.console_colours import ConsoleColours
from runferry.desktop.run.console_lines import ConsoleLines
from runferry.desktop.run.pace import Pace
from runferry.desktop.text import tr

_LINES, _PIECES = 150, 100  # for each turn of the event loop: some milliseconds
_WIDEST = 4096
_TIME = Style(faint=True)


class ConsoleView(QPlainTextEdit):
    """Shows `lines`; call `refresh` after they changed."""

    brought = Signal()
    """The text changed."""

    _ready = False  # Qt may call while the constructor is still at work

    def __init__(self, lines: ConsoleLines, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = lines
        self._style, self._styles = PLAIN, dict[int, Style]()  # at the end; at the beginning of each line
        self._filled = False
        self._shown_to = 0  # the number of the line behind the last one in the text
        self._place: int | None = None  # to be scrolled to when everything is drawn anew
        self._timed = False
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setMaximumBlockCount(lines.most)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(tr("Console"))
        self.setPlaceholderText(tr("Nothing was printed yet."))
        self._pace = Pace(self._bring_some, self)
        self._colours = ConsoleColours(self.palette())
        self._jump = QPushButton(icon("sort-down"), tr("Jump to end"), self)
        self._jump.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Ctrl+End does the same
        self._jump.setCursor(Qt.CursorShape.ArrowCursor)
        self._jump.hide()
        self._jump.clicked.connect(self.jump_to_end)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._scrolled)
        self._ready = True

    # Lines in

    def refresh(self) -> None:
        """Show what changed, soon."""
        if self.isVisible():
            self._pace.start()

    def redraw(self) -> None:
        """Show everything anew: other colours, with or without times."""
        if self._place is None and not self.at_end:
            self._place = self.verticalScrollBar().value()
        self._empty()
        self.refresh()

    def _empty(self) -> None:
        self._lines.valid = self._shown_to = self._lines.start
        self._filled = False
        self._style = PLAIN
        self._styles.clear()
        self.clear()

    def show_times(self, wanted: bool) -> None:
        """The time of day before each line that has one."""
        if wanted != self._timed:
            self._timed = wanted
            self.redraw()

    @property
    def settled(self) -> bool:
        """Whether the text is what the lines say."""
        return self._lines.valid == self._lines.end and self._count() >= self._lines.end - self._lines.start

    @property
    def at_end(self) -> bool:
        """Whether the last line can be seen."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def jump_to_end(self) -> None:
        """Follow the end again."""
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _count(self) -> int:
        return self.blockCount() if self._filled else 0

    def _bring_some(self) -> bool:
        bar, before = self.verticalScrollBar(), self._count()
        follow, place = self.at_end and self._place is None, bar.value()
        kept = self._cut()
        added = self._insert()
        more = self._lines.valid < self._lines.end
        if follow:
            self.jump_to_end()
        elif self._place is None:
            # Lines that fell out above would move what is being read.
            bar.setValue(max(0, place - (kept + added - self._count())))
        elif not more:
            bar.setValue(self._place)
            self._place = None
        if added or kept != before:
            self.brought.emit()
        return more

    def _cut(self) -> int:
        """Remove what the lines no longer say; how many lines are left."""
        lines, shown = self._lines, self._count()
        first = self._shown_to - shown
        if lines.valid < max(lines.start, first):
            self._empty()
            return 0
        left = lines.valid - first
        if left < shown:
            self._style = self._styles.get(lines.valid, PLAIN)
            self._remove_from(left)
        return left

    def _remove_from(self, block: int) -> None:
        if block == 0:
            self._filled = False
            self.clear()
            return
        cursor = QTextCursor(self.document().findBlockByNumber(block - 1))
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()

    def _insert(self) -> int:
        before = number = self._lines.valid
        runs: list[Piece] = []
        for line in self._lines.due(_LINES):
            if len(runs) > _PIECES:
                break
            self._styles[number] = self._style
            number += 1
            if self._filled:
                _join(runs, "\n", self._style)
            self._filled = True
            if self._timed and line.when is not None:
                _join(runs, f"{amounts.clock(line.when)}  ", _TIME)
            found, self._style = pieces(line.text[:_WIDEST], self._style)
            for text, style in found:
                _join(runs, text, style)
        self._write(runs)
        self._lines.valid = self._shown_to = number
        if len(self._styles) > 2 * self._lines.most:
            self._styles = {one: style for one, style in self._styles.items() if one >= self._lines.start}
        return number - before

    def _write(self, runs: list[Piece]) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for text, style in runs:
            cursor.insertText(text, self._colours.format(style))
        cursor.endEditBlock()

    # Qt

    def _scrolled(self) -> None:
        self._jump.setVisible(not self.at_end)
        self._put_jump()

    def _put_jump(self) -> None:
        view, size = self.viewport().geometry(), self._jump.sizeHint()
        self._jump.setGeometry(
            view.right() - size.width() - GRID, view.bottom() - size.height() - GRID, size.width(), size.height()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        follow = self.at_end
        super().resizeEvent(event)
        if follow:
            self.jump_to_end()
        self._put_jump()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._pace.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pace.stop()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._ready and event.type() is QEvent.Type.PaletteChange:
            self._colours = ConsoleColours(self.palette())
            self._jump.setIcon(icon("sort-down"))
            self.redraw()


def _join(runs: list[Piece], text: str, style: Style) -> None:
    """Neighbours of one style become one piece: most text is plain, and one insertion is much cheaper than many."""
    if runs and runs[-1][1] == style:
        runs[-1] = (runs[-1][0] + text, style)
    else:
        runs.append((text, style))
