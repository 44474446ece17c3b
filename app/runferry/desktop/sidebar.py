"""The left side of the window: the state of everything in two lines, the pages, and settings at the bottom."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from runferry.desktop.look import icons
from runferry.desktop.look.theme import GRID, MARGIN, SIDEBAR, Size, Tone, colour, faint, font
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.tips import plain
from runferry.desktop.summary import Mood, Summary

MOODS = {
    Mood.UP_TO_DATE: ("state-verified", Tone.GOOD),
    Mood.SYNCING: ("state-syncing", Tone.ACCENT),
    Mood.PAUSED: ("state-paused", Tone.SUBTLE),
    Mood.RETRYING: ("state-retrying", Tone.WARN),
    Mood.ATTENTION: ("state-problem", Tone.BAD),
}

ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)


@dataclass(frozen=True)
class Entry:
    """A page as the sidebar names it."""

    name: str
    title: str
    icon: str


class EntryButton(QAbstractButton):
    """One page; shows a badge (a number or a shape) at its right.

    `chosen`: by mouse or keyboard, also again, or by a screen reader: what it does to a checkable button is no click.
    Who shows several marks one of them: in a group of Qt's nothing would tell of a screen reader that chooses again
    what is checked.
    """

    chosen = Signal()

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry
        self._badge, self._tone = "", Tone.SUBTLE
        self.setText(entry.title)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.badge("", Tone.SUBTLE)
        self._has_told = False
        self.pressed.connect(self._begin)
        self.toggled.connect(self._toggled)
        self.clicked.connect(self._clicked)

    def mark(self, is_shown: bool = True) -> None:
        """Whether its page is shown, whoever asked for it."""
        self.blockSignals(True)
        self.setChecked(is_shown)
        self.blockSignals(False)

    def _begin(self) -> None:
        self._has_told = False

    def _toggled(self, is_on: bool) -> None:
        self._has_told = True
        if not is_on:  # chosen again: the page is shown as before
            self.mark()
        self.chosen.emit()

    def _clicked(self) -> None:
        if not self._has_told:
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows are the sidebar's."""
        if event.key() in ARROWS:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def badge(self, text: str, tone: Tone, said: str = "") -> None:
        """A number, or the name of a state's shape; `said`: what it means, read aloud."""
        self._badge, self._tone = text, tone
        self.setAccessibleName(f"{self.entry.title}, {said}" if said else self.entry.title)
        self.setToolTip(plain(said))
        self.update()

    def sizeHint(self) -> QSize:
        """A row of the grid."""
        return QSize(SIDEBAR - 2 * GRID, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Icon, title, badge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.rect()
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faint(Tone.ACCENT, 0.16) if self.isChecked() else faint(Tone.TEXT, 0.06))
            painter.drawRoundedRect(area, 6, 6)
        tone = Tone.ACCENT if self.isChecked() else Tone.TEXT
        icons.paint(painter, QRect(GRID, (area.height() - 18) // 2, 18, 18).toRectF(), self.entry.icon, tone)
        painter.setFont(font(Size.BODY, self.isChecked()))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        text = area.adjusted(GRID * 2 + 18, 0, -GRID, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.entry.title)
        self._paint_badge(painter, area)
        if self.hasFocus():
            painter.setPen(colour(Tone.ACCENT))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(0, 0, -1, -1), 6, 6)
        painter.end()

    def _paint_badge(self, painter: QPainter, area: QRect) -> None:
        if not self._badge:
            return
        if not self._badge[0].isdigit():
            box = QRect(area.right() - GRID - 16, (area.height() - 16) // 2, 16, 16)
            icons.paint(painter, box.toRectF(), self._badge, self._tone)
            return
        painter.setFont(font(Size.SMALL, True))
        width = max(20, painter.fontMetrics().horizontalAdvance(self._badge) + 12)
        box = QRect(area.right() - GRID - width, (area.height() - 18) // 2, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint(self._tone, 0.18))
        painter.drawRoundedRect(box, 9, 9)
        painter.setPen(colour(self._tone))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._badge)


class Headline(QWidget):
    """The state of everything: shape, two or three words, and what is live."""

    def __init__(self) -> None:
        super().__init__()
        self._shape = Shape(size=20)
        self._words = Elided(bold=True)
        self._live = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        box = QHBoxLayout(self)
        box.setContentsMargins(GRID, 0, GRID, 0)
        box.setSpacing(GRID)
        box.addWidget(self._shape, alignment=Qt.AlignmentFlag.AlignTop)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self._words)
        lines.addWidget(self._live)
        box.addLayout(lines, 1)

    def show_summary(self, summary: Summary, below: str) -> None:
        """What the sidebar says on top."""
        shape, tone = MOODS[summary.mood]
        self._shape.show_shape(shape, tone, summary.sentence)
        if self._words.text() != summary.headline:
            self._words.setText(summary.headline)
        self._words.setToolTip(plain(summary.sentence))
        if self._live.text() != below:
            self._live.setText(below)
        self.setAccessibleName(summary.sentence)


class Sidebar(QWidget):
    """Emits `chosen` with the name of a page."""

    chosen = Signal(str)

    def __init__(self, entries: list[Entry], last: Entry) -> None:
        super().__init__()
        self.setFixedWidth(SIDEBAR)
        self.headline = Headline()
        self._buttons: dict[str, EntryButton] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(GRID, MARGIN, GRID, MARGIN)
        box.setSpacing(4)
        box.addWidget(self.headline)
        box.addSpacing(MARGIN)
        for entry in entries:
            box.addWidget(self._made(entry))
        box.addStretch(1)
        box.addWidget(self._made(last))

    def _made(self, entry: Entry) -> EntryButton:
        button = EntryButton(entry)
        self._buttons[entry.name] = button
        button.chosen.connect(lambda: self.chosen.emit(entry.name))
        return button

    def show_page(self, name: str) -> None:
        """Mark the page that is shown."""
        if name in self._buttons:
            for one, button in self._buttons.items():
                button.mark(one == name)

    def button(self, name: str) -> EntryButton:
        """The row of a page."""
        return self._buttons[name]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from page to page."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        buttons = list(self._buttons.values())
        focused = next((number for number, one in enumerate(buttons) if one.hasFocus()), None)
        if step and focused is not None:
            beside = buttons[(focused + step) % len(buttons)]
            beside.setFocus(Qt.FocusReason.TabFocusReason)
            if buttons[focused].isChecked():  # from the page that is shown they lead to the next
                beside.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A shade apart from the content."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), faint(Tone.TEXT, 0.035))
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Light became dark, or back."""
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self.update()
        super().changeEvent(event)
