"""Paints a row of the list: the state's shape, the name, a bar; everything else is text.

Asks nobody for what it can keep: Qt's own way puts a dozen questions to the model for each cell, and a screen has two
hundred. What depends on the palette, the font and the columns is made anew once per picture, by `begin`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from runferry.desktop.look import icons, words
from runferry.desktop.look.theme import GRID, Size, Tone, colour, font
from runferry.desktop.parts.edges import INSET
from runferry.desktop.parts.texts import Texts
from runferry.desktop.runs.columns import COLUMNS, ended_badly, progress, progress_text, run_name, told_apart
from runferry.desktop.runs.model import RunsModel
from runferry.desktop.text import tr
from runferry.status import RunStatus, SyncState

ROW = 34
BAR = 5
SHAPE = 16
MARK = 8
ASK_WIDTH = 84
BESIDE = 40  # points that are worth to be written into
# Put together once: an operation on an enum of Qt's takes microseconds.
SELECTED = QStyle.StateFlag.State_Selected.value
FOCUS = QStyle.StateFlag.State_HasFocus.value
ACTIVE = QStyle.StateFlag.State_Active.value
HOVERED = QStyle.StateFlag.State_MouseOver.value
PANEL = QStyle.PrimitiveElement.PE_PanelItemViewItem
ANTIALIASING = QPainter.RenderHint.Antialiasing
NO_PEN = Qt.PenStyle.NoPen
ASK = tr("Sync now")
Index = QModelIndex | QPersistentModelIndex


def button_in(area: QRect) -> QRect:
    """Where the button of a run that waits to be asked for stands in its cell."""
    return QRect(area.x() + 4, area.y() + 6, min(ASK_WIDTH, area.width() - 8), area.height() - 12)


class _Inks:
    """Colours by what they mean, in the surroundings of one palette."""

    def __init__(self, palette: QPalette) -> None:
        self.text = palette.color(QPalette.ColorRole.Text)
        self.tones = {tone: colour(tone, palette) for tone in Tone}
        self.track = QColor(self.tones[Tone.TEXT])
        self.track.setAlphaF(0.15)
        groups = {True: QPalette.ColorGroup.Active, False: QPalette.ColorGroup.Inactive}
        self.chosen = {
            is_active: palette.color(one, QPalette.ColorRole.HighlightedText) for is_active, one in groups.items()
        }


@dataclass
class _Cell:
    """What the painting of one cell needs. `chosen`: the ink where the row is selected."""

    area: QRect
    run: RunStatus
    chosen: QColor | None


class RunDelegate(QStyledItemDelegate):
    """For `RunsModel`. `angle` turns the shapes of runs that are under way; the table moves it.

    `tells_apart`: beside each name stands what tells it from others that are the same.
    """

    def __init__(self, model: RunsModel, view: QTableView) -> None:
        super().__init__(view)
        self.angle = 0
        self.tells_apart = False
        self._runs, self._view = model, view
        self._made_for: tuple[int, str] | None = None
        self._painters: list[Callable[[QPainter, _Cell, int], None]] = [
            {"state": self._state, "name": self._name, "progress": self._progress}.get(one.name, self._plain)
            for one in COLUMNS
        ]

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are alike."""
        return QSize(80, ROW)

    def begin(self) -> None:
        """Before each picture of the table: see what changed around it."""
        palette, base = self._view.palette(), self._view.font()
        made_for = palette.cacheKey(), base.key()
        if made_for != self._made_for:
            self._made_for = made_for
            self._inks = _Inks(palette)
            self._body = Texts(base)
            self._bold = Texts(font(Size.BODY, bold=True, base=base), middle=True)
            self._small = Texts(font(Size.SMALL, base=base))
            self._beside = Texts(font(Size.SMALL, base=base), middle=True)
        header = self._view.horizontalHeader()
        shown = [one for at in range(header.count()) if not header.isSectionHidden(one := header.logicalIndex(at))]
        self._first, self._last = (shown[0], shown[-1]) if shown else (-1, -1)
        self._scale = self._view.devicePixelRatioF()
        self._style = self._view.style()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell."""
        if self._made_for is None:
            self.begin()
        column, area, state = index.column(), option.rect, option.state.value
        if state & (SELECTED | HOVERED):
            self._style.drawPrimitive(PANEL, option, painter, self._view)
        chosen = self._inks.chosen[bool(state & ACTIVE)] if state & SELECTED else None
        if state & FOCUS:
            painter.setPen(self._inks.tones[Tone.ACCENT])
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        self._painters[column](painter, _Cell(area, self._runs.run(index.row()), chosen), column)

    def _plain(self, painter: QPainter, cell: _Cell, column: int) -> None:
        kind = COLUMNS[column]
        left, right = INSET if column == self._first else 0, INSET if column == self._last else 0
        painter.setPen(cell.chosen or self._inks.text)
        area = cell.area.adjusted(4 + left, 0, -4 - right, 0)
        self._body.draw(painter, area, kind.text(cell.run, self._runs.now), kind.is_number)

    def _state(self, painter: QPainter, cell: _Cell, column: int) -> None:
        look = words.of_run(cell.run)
        ink = (cell.chosen or self._inks.tones[look.tone]).name()
        turned = cell.run.state is SyncState.SYNCING and look.shape == "state-syncing"
        picture = icons.inked(look.shape, ink, SHAPE, self._scale, self.angle if turned else None)
        left, top = cell.area.x() + (cell.area.width() - SHAPE) // 2, cell.area.y() + (cell.area.height() - SHAPE) // 2
        painter.drawPixmap(left, top, picture)
        if ended_badly(cell.run):  # the shape tells how it was sent: a run that was killed is verified like any other
            ink = (cell.chosen or self._inks.text).name()
            mark = icons.inked("mark-failed", ink, MARK, self._scale)
            painter.drawPixmap(left + SHAPE, top + SHAPE - MARK, mark)

    def _name(self, painter: QPainter, cell: _Cell, column: int) -> None:
        area = cell.area.adjusted(4, 0, -4, 0)
        if self._runs.is_fresh(cell.run.key):
            painter.setRenderHint(ANTIALIASING, True)
            painter.setBrush(self._inks.tones[Tone.ACCENT])
            painter.setPen(NO_PEN)
            painter.drawEllipse(QRectF(area.right() - 8, area.center().y() - 3, 6, 6))
            painter.setRenderHint(ANTIALIASING, False)
            area.setRight(area.right() - 14)
        painter.setPen(cell.chosen or self._inks.text)
        name = run_name(cell.run)
        width = self._bold.draw(painter, area, name)
        beside = told_apart(cell.run.path, cell.run.run_id) if self.tells_apart else name
        area.setLeft(area.x() + int(width) + GRID)
        if beside != name and area.width() >= BESIDE:
            painter.setPen(cell.chosen or self._inks.tones[Tone.SUBTLE])
            self._beside.draw(painter, area, beside)

    def _progress(self, painter: QPainter, cell: _Cell, column: int) -> None:
        run, share = cell.run, progress(cell.run)
        if run.can_be_asked_for:
            self._ask(painter, cell)
            return
        tone = words.of_run(run).tone
        area = cell.area.adjusted(4, 0, -4, 0)
        is_moving = share is not None and run.state not in (SyncState.VERIFIED, SyncState.PROBLEM)
        if share is not None and is_moving:
            area.setLeft(self._bar(painter, cell.area, share, cell.chosen or self._inks.tones[tone]) + GRID)
        painter.setPen(cell.chosen or self._inks.tones[Tone.SUBTLE if is_moving else tone])
        self._small.draw(painter, area, progress_text(run))

    def _ask(self, painter: QPainter, cell: _Cell) -> None:
        """What a person can press where a run waits for nothing else."""
        ink = cell.chosen or self._inks.tones[Tone.ACCENT]
        place = button_in(cell.area)
        painter.setRenderHint(ANTIALIASING, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(ink)
        painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setRenderHint(ANTIALIASING, False)
        self._small.draw(painter, place.adjusted(GRID, 0, -GRID, 0), ASK)

    def _bar(self, painter: QPainter, area: QRect, share: float, ink: QColor) -> int:
        """A bar at the left of the cell; gives where it ends."""
        width = min(72, area.width() // 2)
        left, top = area.x() + 4, area.y() + (area.height() - BAR) / 2
        painter.setRenderHint(ANTIALIASING, True)
        painter.setPen(NO_PEN)
        for length, brush in ((float(width), self._inks.track), (max(width * share, BAR if share else 0.0), ink)):
            if length:
                painter.setBrush(brush)
                painter.drawRoundedRect(QRectF(left, top, length, BAR), BAR / 2, BAR / 2)
        painter.setRenderHint(ANTIALIASING, False)
        return left + width
