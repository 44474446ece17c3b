"""Up to six charts side by side, as many to a row as fit, with the choice of what they show.

The grid says which metrics it wants (`wanted`); whoever has the data hands in those. It draws only what changed, only
while it can be seen, and one chart for each turn of the event loop, so that the window never waits for curves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone, dress
from runferry.desktop.parts.labels import PlainLabel
from runferry.desktop.run.chart import Chart
from runferry.desktop.run.chart_bar import ChartBar
from runferry.desktop.run.chart_choice import MOST_CHARTS, ChartChoice
from runferry.desktop.run.figures import XAxis
from runferry.desktop.run.metric_menu import MetricMenu
from runferry.desktop.run.pace import Pace
from runferry.desktop.run.series import Series
from runferry.desktop.text import tr

_WIDTHS = (600, 960)  # from which on two and three charts fit side by side
_NOTHING = Series((), ())


class ChartGrid(QWidget):
    """`choice_changed` carries the small dict that may be kept and given to `set_choice` for the same project."""

    wanted_changed = Signal()
    choice_changed = Signal(dict)
    _ready = False  # Qt may call while the constructor is still at work

    def __init__(self, title: str, nothing: str, parent: QWidget | None = None, choice: ChartChoice | None = None):
        """nothing: the sentence shown while there are no metrics. choice: what holds where nobody chose."""
        super().__init__(parent)
        self._default = self._choice = choice or ChartChoice()
        self._names: tuple[str, ...] = ()
        self._wanted: tuple[str, ...] = ()
        self._series: dict[str, Series] = {}
        self._charts: dict[str, Chart] = {}
        self._due: list[str] = []
        self._columns = 1
        self._pace = Pace(self._draw_one, self)
        self.bar = ChartBar(title)
        self._menu: MetricMenu | None = None
        self._empty = PlainLabel(nothing, alignment=Qt.AlignmentFlag.AlignCenter)
        self._empty.setMinimumHeight(10 * GRID)
        self._empty.setWordWrap(True)
        self._nothing = nothing
        dress(self._empty, Size.BODY, Tone.SUBTLE)
        self._grid = QGridLayout()
        self._grid.setSpacing(GRID)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(GRID)
        for part in (self.bar, self._empty):
            whole.addWidget(part)
        whole.addLayout(self._grid)
        whole.addStretch(1)
        self.bar.metrics_wanted.connect(self._open_menu)
        self.bar.smoothing_changed.connect(lambda weight: self._choose(replace(self._choice, smoothing=weight)))
        self.bar.axis_changed.connect(lambda axis: self._choose(replace(self._choice, axis=axis)))
        self._arrange()
        self._ready = True

    # Data in

    @property
    def wanted(self) -> tuple[str, ...]:
        """The metrics whose curves are shown, in the order of the charts."""
        return self._wanted

    def set_metrics(self, names: Sequence[str]) -> None:
        """All metrics that there are, in the order in which the menu lists them."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self._arrange()

    def show_series(self, series: Mapping[str, Series]) -> None:
        """New states of some curves; those that are not wanted are dropped. As often as one likes."""
        for name in self._wanted:
            found = series.get(name)
            if found is not None and found is not self._series.get(name):
                self._series[name] = found
                self._ask(name)

    def clear(self) -> None:
        """Another run comes: forget the curves, not what was chosen."""
        self._names = ()
        self._series.clear()
        self._arrange()

    def choice(self) -> dict[str, Any]:
        """What to remember for the project."""
        return self._choice.as_dict()

    def set_choice(self, kept: Mapping[str, Any]) -> None:
        """What `choice` gave once; an empty one: as if nobody had chosen."""
        found = ChartChoice.from_dict(kept, self._default.smoothing, self._default.axis)
        self._choice = replace(found, first=self._default.first)
        self._arrange()

    @property
    def settled(self) -> bool:
        """Whether everything that was handed in is drawn."""
        return not self._due

    # Choices

    def _choose(self, choice: ChartChoice) -> None:
        if choice != self._choice:
            self._choice = choice
            self._arrange()
            self.choice_changed.emit(choice.as_dict())

    def _open_menu(self) -> None:
        if self._menu is None:
            self._menu = MetricMenu(MOST_CHARTS, self)
            self._menu.ticked_changed.connect(self._ticked)
        self._menu.open_below(self.bar.metrics, self._names, self._wanted)

    def _ticked(self) -> None:
        assert self._menu is not None
        self._choose(replace(self._choice, metrics=tuple(self._menu.model.ticked)))

    def _switch_log(self, name: str, log: bool) -> None:
        kept = self._choice.log | {name} if log else self._choice.log - {name}
        self._choose(replace(self._choice, log=kept))

    # Charts

    def _arrange(self) -> None:
        """Make the charts what the choice says; those that stay are not made anew."""
        wanted = self._choice.shown(self._names)
        changed = wanted != self._wanted
        self._wanted = wanted
        for name in set(self._charts) - set(wanted):
            gone = self._charts.pop(name)
            self._series.pop(name, None)
            self._grid.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for name in wanted:
            if name not in self._charts:
                self._charts[name] = self._make_chart(name)
            self._ask(name)
        self._place()
        self._say(wanted)
        if changed:
            self.wanted_changed.emit()

    def _say(self, wanted: tuple[str, ...]) -> None:
        self.bar.show_choice(self._choice.smoothing, self._choice.axis, len(wanted), len(self._names))
        self.bar.setEnabled(bool(self._names))
        self._empty.setText(tr("No metric is chosen.") if self._names else self._nothing)
        self._empty.setVisible(not wanted)

    def _make_chart(self, name: str) -> Chart:
        chart = Chart(name, self)
        chart.log_switched.connect(self._switch_log)
        chart.pointed.connect(self._point)
        chart.zoomed.connect(self._zoom)
        return chart

    def _point(self, x: float) -> None:
        """One crosshair for all: it stands at the same x in every chart that runs over the same axis."""
        for chart in self._alike(self.sender()):
            chart.point_to(None if math.isnan(x) else x)

    def _zoom(self, part: object) -> None:
        """And the same part of it is looked at."""
        for chart in self._alike(self.sender()):
            chart.show_part(part if isinstance(part, tuple) else None)

    def _alike(self, source: QObject) -> list[Chart]:
        """The other charts that run over the same axis as this one."""
        if not isinstance(source, Chart):
            return []
        kind = (source.axis, source.series.own_name if source.axis is XAxis.OWN else "")
        others = [one for one in self._charts.values() if one is not source]
        return [one for one in others if (one.axis, one.series.own_name if one.axis is XAxis.OWN else "") == kind]

    def _ask(self, name: str) -> None:
        if name not in self._due:
            self._due.append(name)
        if self.isVisible():
            self._pace.start()

    def _draw_one(self) -> bool:
        """Bring one chart up to date; whether there are more."""
        if self._due:
            name = self._due.pop(0)
            chart = self._charts.get(name)
            if chart is not None:
                self._bring(chart)
        return bool(self._due)

    def _bring(self, chart: Chart) -> None:
        choice = self._choice
        chart.set_view(choice.axis, choice.smoothing, chart.name in choice.log)
        series = self._series.get(chart.name, _NOTHING)
        if series is not chart.series:
            chart.show_series(series)

    # Space

    def _place(self) -> None:
        for index, name in enumerate(self._wanted):
            self._grid.addWidget(self._charts[name], index // self._columns, index % self._columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < self._columns else 0)
        for before, name in zip(self._wanted, self._wanted[1:], strict=False):
            QWidget.setTabOrder(self._charts[before], self._charts[name])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        columns = 1 + sum(event.size().width() >= width for width in _WIDTHS)
        if columns != self._columns:
            self._columns = columns
            self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._due:
            self._pace.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pace.stop()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._ready and event.type() is QEvent.Type.PaletteChange:
            self.bar.dress()
            dress(self._empty, Size.BODY, Tone.SUBTLE)
