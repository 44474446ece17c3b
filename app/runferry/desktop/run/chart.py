"""One metric as a curve: its name, its last value, the curve. Small, quiet, of use without colour and without a mouse.

Nothing of pyqtgraph is loaded before there is something to draw.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone, dress, font
from runferry.desktop.parts.labels import Elided, PlainLabel
from runferry.desktop.run import chart_words
from runferry.desktop.run.figures import Mark, XAxis, log_marks, value_marks, value_text, x_marks
from runferry.desktop.run.series import Series
from runferry.desktop.run.smoothing import smoothed
from runferry.desktop.run.tabular import tabular
from runferry.desktop.run.zoom import Range
from runferry.desktop.run.zooming import Zooming
from runferry.desktop.text import tr

if TYPE_CHECKING:
    from runferry.desktop.run.plot import Plot
    from runferry.desktop.run.scaling import Scaled

HEIGHT = 200


def preload() -> None:
    """Load what draws, so that the first chart need not: some 0.4 s, best on a worker thread; makes no Qt object."""
    importlib.import_module("runferry.desktop.run.plot")
    importlib.import_module("runferry.desktop.run.scaling")


class Chart(Zooming):
    """A card with one curve. Shows what it was given last; ask for little, it draws at once.

    Of a long curve a part can be looked at: see `Zooming`.
    """

    pointed = Signal(float)
    """The crosshair was moved to this x (in the units of the axis) by the person here; NaN: taken away."""
    log_switched = Signal(str, bool)
    _ready = False  # Qt may call while the constructor is still at work

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._series = Series((), ())
        self._axis, self._smoothing, self._log = XAxis.STEP, 0.0, False
        self._smooth: Sequence[float] = ()
        self._index: int | None = None
        self._plot: Plot | None = None
        self._build()
        self._dress()
        self._show()
        self._ready = True

    def _build(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title, self._place, self._value = Elided(self.name), PlainLabel(), PlainLabel()
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._switch = QToolButton(autoRaise=True)
        self._switch.setText(tr("log"))
        self._switch.setCheckable(True)
        self._switch.setToolTip(tr("Logarithmic scale"))
        self._switch.setAccessibleName(tr("Logarithmic scale for {name}", name=self.name))
        self._switch.toggled.connect(self._switched)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._title, 1)
        for widget in (self._place, self._value, self.reset, self._switch):
            head.addWidget(widget)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._message)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(GRID + 4, GRID - 2, GRID, GRID - 2)
        whole.setSpacing(GRID // 2)
        whole.addLayout(head)
        whole.addLayout(self._stack, 1)

    def sizeHint(self) -> QSize:
        return QSize(320, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)

    # What is shown

    def show_series(self, series: Series) -> None:
        """Draw another state of the curve; the crosshair stays at its x."""
        kept = self._x(self._index)
        self._series = series
        self._show()
        self.point_to(kept)

    def set_view(self, axis: XAxis, smoothing: float, log: bool) -> None:
        """How it is drawn; does nothing where nothing changes. Without times, steps run to the right in any case."""
        if (axis, smoothing, log) == (self._axis, self._smoothing, self._log):
            return
        kept = self._index
        if axis is not self._axis:
            self._part = None  # other units
        self._axis, self._smoothing, self._log = axis, smoothing, log
        blocked = self._switch.blockSignals(True)
        self._switch.setChecked(log)
        self._switch.blockSignals(blocked)
        self._show()
        self._point(kept)

    @property
    def series(self) -> Series:
        """What is drawn now."""
        return self._series

    @property
    def axis(self) -> XAxis:
        """What runs to the right here."""
        return self._series.axis(self._axis)

    def show_part(self, part: Range | None) -> None:
        """Look at another part of the axis, or at all of it."""
        if part != self._part:
            kept, self._part = self._index, part
            self._show()
            self._point(kept)

    def point_to(self, x: float | None) -> None:
        """Put the crosshair on the point nearest to `x` of the axis, if x lies within the curve; None: take it away."""
        scaled = self._scaled
        if x is None or math.isnan(x) or scaled is None or self._plot is None:
            self._point(None)
            return
        low, high = scaled.x_range
        inside = low <= x <= high
        self._point(self._plot.nearest((x - low) / (high - low)) if inside else None)

    # Drawing

    def _show(self) -> None:
        series = self._series
        self._index = None
        self._scaled = self._draw(series) if any(map(math.isfinite, series.values)) else None
        self._message.setText("" if self._scaled else chart_words.why_empty(series, self._part is not None))
        self.reset.setVisible(self._part is not None)
        self._stack.setCurrentWidget(self._plot if self._scaled and self._plot else self._message)
        self._say()

    def _draw(self, series: Series) -> Scaled | None:
        from runferry.desktop.run.scaling import scaled

        self._smooth = smoothed(series.values, self._smoothing)
        found = scaled(series.along(self._axis), series.values, self._smooth, self._log, self._part)
        if found.empty:
            return None
        plot = self._plot or self._make_plot()
        plot.draw(found, *self._marks(plot, found))
        return found

    def _marks(self, plot: Plot, found: Scaled) -> tuple[list[Mark], list[Mark]]:
        marks = log_marks if self._log else value_marks
        return (
            x_marks(*found.x_range, plot.columns(), self.axis),
            marks(*found.y_range, plot.rows(), self._series.unit),
        )

    def _make_plot(self) -> Plot:
        from runferry.desktop.run.plot import Plot

        self._plot = plot = Plot()
        plot.pointed.connect(self._follow_mouse)
        self._follow_drags(plot)
        self._stack.addWidget(plot)
        self._stack.setCurrentWidget(plot)
        return plot

    # The crosshair

    def _x(self, index: int | None) -> float | None:
        if index is None or index >= len(self._series.values):
            return None
        return self._series.x(index, self._axis)

    def _point(self, index: int | None) -> None:
        if self._plot is None or self._scaled is None:
            index = None
        else:
            self._plot.point_at(index)
        self._index = index
        self._say()

    def _follow_mouse(self, part: float) -> None:
        self._point(None if math.isnan(part) or self._plot is None else self._plot.nearest(part))
        self._tell()

    def _tell(self) -> None:
        x = self._x(self._index)
        self.pointed.emit(math.nan if x is None else x)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self._series.values)
        here = count if self._index is None else self._index
        moves = {
            Qt.Key.Key_Left: here - 1,
            Qt.Key.Key_Right: here + 1,
            Qt.Key.Key_PageUp: here - max(1, count // 10),
            Qt.Key.Key_PageDown: here + max(1, count // 10),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: count - 1,
        }
        key = Qt.Key(event.key())
        if self._takes(event, self._x(self._index)):
            return
        if key is Qt.Key.Key_Escape and self._index is not None:
            self._point(None)
        elif key in moves and self._scaled is not None:
            index = min(max(moves[key], 0), count - 1)
            self._reveal(self._x(index))
            self._point(index)
        else:
            super().keyPressEvent(event)
            return
        self._tell()

    # Words

    def _say(self) -> None:
        """The value under the crosshair, or else the newest one: written at the top right, and for screen readers."""
        values, at = self._series.values, self._index
        last = len(values) - 1
        shown = last if at is None else at
        text = value_text(values[shown], self._series.unit) if len(values) else ""
        self._value.setText(text)
        broken = bool(text) and not math.isfinite(values[shown])
        dress(self._value, Size.BODY, Tone.BAD if broken else Tone.TEXT, bold=True)
        self._value.setFont(tabular(self._value.font()))
        smooth = self._smooth if self._smoothing else None
        self._place.setText(chart_words.where(self._series, self._axis, at, smooth))
        self.setAccessibleName(tr("Curve of {name}", name=self.name))
        said = chart_words.described(self._series, self._axis, at, self._part) if text else self._message.text()
        self.setAccessibleDescription(said)

    # Looks

    def _dress(self) -> None:
        for label in (self._place, self._message):
            dress(label, Size.SMALL, Tone.SUBTLE)
        self._place.setFont(tabular(self._place.font()))
        for button in (self._switch, self.reset):
            button.setFont(font(Size.SMALL))
        if self._plot is not None:
            self._plot.dress()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._ready and event.type() is QEvent.Type.PaletteChange:
            self._dress()
            self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._scaled is not None and self._plot is not None:
            kept = self._index
            self._plot.draw(self._scaled, *self._marks(self._plot, self._scaled))
            self._point(kept)

    def _switched(self, log: bool) -> None:
        self.set_view(self._axis, self._smoothing, log)
        self.log_switched.emit(self.name, log)
