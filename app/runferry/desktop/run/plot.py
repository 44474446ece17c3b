"""The drawing inside a chart: pyqtgraph as a pen. Imported when the first chart gets its first curve, not before.

Everything is drawn in the unit square, so the view never changes its range; the axes are told what to write where.
The mouse points; dragged, it asks for a part of the width, and with Shift to move it. The wheel is left to the page,
but for Ctrl and the wheel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QMouseEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsItem, QWidget

from runferry.desktop.look.theme import Size, Tone, colour, font, line_colour
from runferry.desktop.run.figures import Mark
from runferry.desktop.run.scaling import Scaled, thinned
from runferry.desktop.run.zoom import LEAST_DRAG, STEP, Range

_FAINT = 0.28
_LOOKED_AT = 8.0  # points across
_WIDEST = "-0.00e-00"


class Plot(pg.GraphicsView):  # type: ignore[misc]
    """Two curves, a thin grid, the dot at the end and the crosshair."""

    pointed = Signal(float)
    """The mouse is at this part of the width, 0 to 1; NaN when it left."""
    pressed = Signal()
    chosen = Signal(float, float)
    """From one part of the width to another, 0 to 1: to be looked at alone."""
    widened = Signal(float, float)
    """So wide (below 1: closer), around this part of the width."""
    pushed = Signal(float)
    """The curve was moved by this part of the width."""
    whole_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._layout = pg.GraphicsLayout()
        self._layout.setContentsMargins(0, 2, 2, 0)
        self._layout.setSpacing(0)
        self.setCentralItem(self._layout)
        self._left, self._bottom = (pg.AxisItem(side, maxTickLength=0) for side in ("left", "bottom"))
        self._view = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)
        self._layout.addItem(self._left, 0, 0)
        self._layout.addItem(self._view, 0, 1)
        self._layout.addItem(self._bottom, 1, 1)
        self._view.setRange(xRange=(0, 1), yRange=(0, 1), padding=0)
        self._raw, self._smooth = (pg.PlotCurveItem() for _ in range(2))
        for curve in (self._raw, self._smooth):
            curve.setSegmentedLineMode("on")
        self._dots = pg.ScatterPlotItem(pxMode=True)
        self._line = pg.InfiniteLine(angle=90)
        self._line.hide()
        self._band = pg.LinearRegionItem(movable=False)
        self._band.hide()
        self._from: float | None = None  # where the mouse was pressed, in parts of the width
        for item in (self._band, self._raw, self._smooth, self._line, self._dots):
            item.setAcceptHoverEvents(False)
            self._view.addItem(item, ignoreBounds=True)
        for axis in (self._left, self._bottom):
            axis.setTicks([[], []])
            axis.linkToView(self._view)
        # The crosshair moves over pictures: neither grid nor curves are drawn again for it.
        for item in (self._left, self._bottom, self._raw, self._smooth):
            item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self._marks: dict[pg.AxisItem, list[Mark]] = {}
        self._scaled: Scaled | None = None
        self._pointed: int | None = None
        self.dress()

    def dress(self) -> None:
        """Take colours and text size from the palette."""
        small, ink, grid = font(Size.SMALL), colour(Tone.SUBTLE), line_colour()
        metrics = QFontMetricsF(small)
        for axis in (self._left, self._bottom):
            axis.setPen(QPen(Qt.PenStyle.NoPen))
            axis.setTickPen(_pen(grid, 1))
            axis.setTextPen(ink)
            axis.setTickFont(small)
            axis.setGrid(255)
            axis.setStyle(tickLength=0, tickTextOffset=5, hideOverlappingLabels=False, tickAlpha=grid.alpha())
        self._left.setWidth(metrics.horizontalAdvance(_WIDEST) + 6)
        self._bottom.setHeight(metrics.height() + 6)
        self._accent, self._base = colour(Tone.ACCENT), QGuiApplication.palette().color(QPalette.ColorRole.Base)
        self.setBackgroundBrush(self._base)
        self._smooth.setPen(_pen(self._accent, 1.5))
        self._line.setPen(_pen(colour(Tone.SUBTLE), 1))
        band = QColor(self._accent)
        band.setAlphaF(0.15)
        self._band.setBrush(band)
        for edge in self._band.lines:
            edge.setPen(_pen(self._accent, 1))
        if self._scaled is not None:
            self._show_curves(self._scaled)

    def draw(self, scaled: Scaled, x_marks: Sequence[Mark], y_marks: Sequence[Mark]) -> None:
        """Show other data; the crosshair goes, its caller sets it anew."""
        self._scaled, self._pointed = scaled, None
        self._line.hide()
        for axis, marks in (
            (self._left, _placed(y_marks, scaled.y_range)),
            (self._bottom, _placed(x_marks, scaled.x_range)),
        ):
            if self._marks.get(axis) != marks:
                self._marks[axis] = marks
                axis.setTicks([marks, []])
        self._show_curves(scaled)

    def point_at(self, index: int | None) -> None:
        """Put the crosshair on a point, or take it away."""
        if self._scaled is None or index == self._pointed:
            return
        self._pointed = index
        self._line.setVisible(index is not None)
        if index is not None:
            self._line.setPos(float(self._scaled.x[index]))
        self._show_dots(self._scaled)

    def nearest(self, part: float) -> int | None:
        """The index of the drawn point nearest to this part of the width."""
        if self._scaled is None or self._scaled.empty:
            return None
        away = np.where(np.isfinite(self._scaled.raw), np.abs(self._scaled.x - part), np.inf)
        return int(away.argmin())

    def columns(self) -> int:
        """How many marks there is room for along the bottom."""
        return max(2, int(self.width() / (QFontMetricsF(font(Size.SMALL)).averageCharWidth() * 9)))

    def rows(self) -> int:
        """The same along the left side."""
        return max(2, min(5, int(self.height() / (QFontMetricsF(font(Size.SMALL)).height() * 2.2))))

    def _show_curves(self, scaled: Scaled) -> None:
        alone = scaled.raw is scaled.smooth
        self._raw.setOpacity(1.0 if alone else _FAINT)
        self._raw.setPen(_pen(self._accent, 1.5 if alone else 1))
        columns = max(1, round(self.width() * self.devicePixelRatioF()))
        self._raw.setData(*thinned(scaled.x, scaled.raw, columns), connect="finite", antialias=True)
        self._smooth.setVisible(not alone)
        if not alone:
            self._smooth.setData(*thinned(scaled.x, scaled.smooth, columns), connect="finite", antialias=True)
        self._show_dots(scaled)

    def _show_dots(self, scaled: Scaled) -> None:
        """Points that have no neighbour to be joined with, the newest one, and the one that is looked at."""
        ends = np.flatnonzero(np.isfinite(scaled.smooth))[-1:]
        places = [(int(one), 3.0) for one in scaled.lone] + [(int(one), 5.0) for one in ends]
        if self._pointed is not None and np.isfinite(scaled.smooth[self._pointed]):
            places.append((self._pointed, _LOOKED_AT))
        indexes = [one for one, _ in places]
        self._dots.setData(
            x=scaled.x[indexes],
            y=scaled.smooth[indexes],
            size=[size for _, size in places],
            brush=self._accent,
            pen=[_pen(self._base, 1.5) if size == _LOOKED_AT else _pen(self._accent, 0) for _, size in places],
            antialias=True,
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = self._part(event.position())
        if self._from is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pushed.emit(here - self._from)
            self._from = here
        elif self._from is not None:
            self._band.setRegion((self._from, here))
            self._band.setVisible(abs(here - self._from) >= LEAST_DRAG)
        self.pointed.emit(here)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(float("nan"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._from = self._part(event.position())
        self.pressed.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start, self._from = self._from, None
        if start is None:
            event.ignore()
        elif self._band.isVisible():
            self._band.hide()
            self.chosen.emit(start, self._part(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.whole_wanted.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and turned:
            self.widened.emit(STEP if turned > 0 else 1 / STEP, self._part(event.position()))
            event.accept()
        else:
            event.ignore()

    def _part(self, place: QPointF) -> float:
        box = self._view.sceneBoundingRect()
        part = (self.mapToScene(place.toPoint()).x() - box.left()) / max(box.width(), 1.0)
        return min(max(float(part), 0.0), 1.0)


def _pen(ink: QColor, width: float) -> QPen:
    pen = QPen(ink, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _placed(marks: Sequence[Mark], within: Range) -> list[Mark]:
    low, high = within
    return [((place - low) / (high - low), text) for place, text in marks if low <= place <= high]
