"""The console of a run: coloured text, search, times, copy. Fed with lines; reads nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from runferry.desktop.look.icons import icon
from runferry.desktop.look.theme import GRID, Size, Tone, dress
from runferry.desktop.parts.labels import PlainLabel
from runferry.desktop.parts.tips import plain
from runferry.desktop.run.ansi import pieces
from runferry.desktop.run.console_lines import ConsoleLine, ConsoleLines
from runferry.desktop.run.console_view import ConsoleView
from runferry.desktop.run.tabular import tabular
from runferry.desktop.run.text_search import TextSearch, find_palette
from runferry.desktop.text import tr

MOST_LINES = 10_000
__all__ = ["Console", "ConsoleLine"]


class Console(QWidget):
    """At most `most` lines, the last ones."""

    _ready = False  # Qt may call while the constructor is still at work

    def __init__(self, parent: QWidget | None = None, most: int = MOST_LINES) -> None:
        super().__init__(parent)
        self._lines = ConsoleLines(most)
        self.view = ConsoleView(self._lines)
        self._find = TextSearch(self.view)
        self.search = QLineEdit(clearButtonEnabled=True, placeholderText=tr("Find"))
        self.search.setAccessibleName(tr("Find in the console"))
        self.search.setFixedWidth(28 * GRID)
        self._glass = self.search.addAction(icon("search", Tone.SUBTLE), QLineEdit.ActionPosition.LeadingPosition)
        self._found = PlainLabel()
        self._back = self._button("sort-up", tr("Previous (Shift+Enter)"))
        self._next = self._button("sort-down", tr("Next (Enter)"))
        self.times, self.wrap = QCheckBox(tr("&Times")), QCheckBox(tr("&Wrap lines"))
        self._copy = self._button("copy", tr("Copy everything"))
        self.times.hide()
        self._lay_out()
        self._connect()
        self._dress()
        self._searched("")
        self._ready = True

    def _button(self, name: str, words: str) -> QToolButton:
        button = QToolButton(autoRaise=True)
        button.setProperty("drawing", name)
        button.setIconSize(QSize(16, 16))
        button.setToolTip(plain(words))
        button.setAccessibleName(words)
        return button

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(GRID)
        for widget in (self.search, self._back, self._next, self._found):
            line.addWidget(widget)
        line.addStretch(1)
        for other in (self.times, self.wrap, self._copy):
            line.addWidget(other)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(GRID)
        whole.addLayout(line)
        whole.addWidget(self.view, 1)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._searched)
        self.search.returnPressed.connect(self._entered)
        self._back.clicked.connect(lambda: self._step(back=True))
        self._next.clicked.connect(lambda: self._step())
        self.times.toggled.connect(self.view.show_times)
        modes = ConsoleView.LineWrapMode
        self.wrap.toggled.connect(lambda on: self.view.setLineWrapMode(modes.WidgetWidth if on else modes.NoWrap))
        self._copy.clicked.connect(self.copy_all)
        self.view.brought.connect(self._brought)
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence.StandardKey.Find, self, self._begin_search, context=within)
        QShortcut(QKeySequence.StandardKey.FindNext, self, self._step, context=within)
        QShortcut(QKeySequence.StandardKey.FindPrevious, self, lambda: self._step(back=True), context=within)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._end_search)

    # Lines in

    def append(self, lines: Sequence[ConsoleLine]) -> None:
        """More lines at the end; as many and as often as they come."""
        self._lines.append(lines)
        self._more(lines)

    def replace_from(self, number: int, lines: Sequence[ConsoleLine]) -> None:
        """Line `number` (from 0 on) and everything behind it is now this: for what a progress bar wrote anew."""
        self._lines.replace_from(number, lines)
        self._more(lines)

    def clear(self) -> None:
        """Another run comes."""
        self._lines.clear()
        self.times.hide()
        self.view.redraw()

    @property
    def line_count(self) -> int:
        """The number that the next line would get."""
        return self._lines.end

    @property
    def settled(self) -> bool:
        """Whether the text shows all lines that it should."""
        return self.view.settled

    def copy_all(self) -> None:
        """All lines that are kept as plain text into the clipboard."""
        texts = ("".join(text for text, _ in pieces(line.text)[0]) for line in self._lines.kept())
        QGuiApplication.clipboard().setText("\n".join(texts))

    def _more(self, lines: Sequence[ConsoleLine]) -> None:
        if self.times.isHidden() and any(line.when is not None for line in lines):
            self.times.show()
        self.view.refresh()

    # Search

    def _begin_search(self) -> None:
        chosen = self.view.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.search.setText(chosen)
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _end_search(self) -> None:
        self.search.clear()
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _searched(self, text: str) -> None:
        self._find.look_for(text)
        for widget in (self._back, self._next, self._found):
            widget.setVisible(bool(text))
        self._count()

    def _entered(self) -> None:
        self._step(back=bool(QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier))

    def _step(self, back: bool = False) -> None:
        self._find.step(back)
        self._count()

    def _brought(self) -> None:
        if self.search.text():
            self._find.mark()
            self._count()

    def _count(self) -> None:
        at, total = self._find.count()
        if total == 0:
            text = tr("Not found") if self.search.text() else ""
        else:
            text = tr("{at} of {total}", at=at, total=f"{total:,}") if at else f"{total:,}"
        self._found.setText(text)
        self._back.setEnabled(total > 0)
        self._next.setEnabled(total > 0)

    # Looks

    def _dress(self) -> None:
        self._glass.setIcon(icon("search", Tone.SUBTLE))
        dress(self._found, Size.SMALL, Tone.SUBTLE)
        self._found.setFont(tabular(self._found.font()))
        for button in (self._back, self._next, self._copy):
            button.setIcon(icon(button.property("drawing")))
        self.view.setPalette(find_palette(self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._ready and event.type() is QEvent.Type.PaletteChange:
            self._dress()
            self._find.mark()
