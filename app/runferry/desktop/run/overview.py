"""The first tab of a run: curves of its metrics, of the host below them, then config and summary side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, MARGIN
from runferry.desktop.parts.labels import Label
from runferry.desktop.run.feed import Curves, Feed
from runferry.desktop.run.tree import KeyValueTree
from runferry.desktop.text import tr
from runferry.engine.details import RunDetails

if TYPE_CHECKING:
    from runferry.desktop.run.chart_grid import ChartGrid

TREES = 300  # least height


class Overview(QScrollArea):
    """Charts are made when the tab is first filled: their library takes a moment and 40 MB."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._project = ""
        self.charts: ChartGrid | None = None
        self.host_charts: ChartGrid | None = None
        self.feed = Feed(context, self._wanted, self._show_curves)
        self.config = KeyValueTree(tr("Config"), tr("This run has no config."))
        self.summary = KeyValueTree(tr("Summary"), tr("Nothing was logged yet."))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # nothing would show it; what is in it takes it
        self.setAccessibleName(tr("Overview"))
        inner = QWidget()
        self._box = QVBoxLayout(inner)
        self._box.setContentsMargins(MARGIN, GRID, MARGIN, MARGIN)
        self._box.setSpacing(GRID)
        trees = QHBoxLayout()
        trees.setSpacing(MARGIN)
        for title, tree in ((tr("Config"), self.config), (tr("Summary"), self.summary)):
            column = QVBoxLayout()
            column.addWidget(Label(title, bold=True))
            column.addWidget(tree)
            tree.setMinimumHeight(TREES)
            trees.addLayout(column, 1)
        self._box.addLayout(trees)
        self._box.addStretch(1)
        self.setWidget(inner)

    def open(self, path: str, project: str) -> None:
        """Another run; empty: none."""
        if path:
            self._make_charts()
        self._project = project
        self.config.show_data({})
        self.summary.show_data({})
        for grid, name in ((self.charts, "charts"), (self.host_charts, "host-charts")):
            if grid is not None:
                grid.clear()
                grid.set_choice(self._context.memory.get(name, {}).get(project, {}))
        self.feed.open(path)

    def show_details(self, found: RunDetails) -> None:
        """Config and summary."""
        self.config.show_data(found.config)
        self.summary.show_data({name: value for name, value in found.summary.items() if name != "_wandb"})

    def _make_charts(self) -> None:
        if self.charts is not None:
            return
        from runferry.desktop.run.chart_choice import OF_HOSTS, ChartChoice
        from runferry.desktop.run.chart_grid import ChartGrid
        from runferry.desktop.run.figures import XAxis

        self.charts = ChartGrid(tr("Metrics"), tr("No numbers were logged yet."))
        relative = ChartChoice(smoothing=0.0, axis=XAxis.RELATIVE, first=OF_HOSTS)
        self.host_charts = ChartGrid(tr("This run and its computer"), tr("Nothing was measured."), choice=relative)
        self.host_charts.hide()
        self._box.insertWidget(0, self.charts)
        self._box.insertWidget(1, self.host_charts)
        for grid, name in ((self.charts, "charts"), (self.host_charts, "host-charts")):
            grid.wanted_changed.connect(self.feed.look)
            grid.choice_changed.connect(self._keeper(name))

    def _keeper(self, name: str) -> Callable[[dict[str, Any]], None]:
        def keep(choice: dict[str, Any]) -> None:
            kept = dict(self._context.memory.get(name, {}))
            kept[self._project] = choice
            self._context.memory.keep(name, kept)

        return keep

    def _wanted(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        metrics = self.charts.wanted if self.charts is not None else ()
        return metrics, self.host_charts.wanted if self.host_charts is not None else ()

    def _show_curves(self, found: Curves) -> None:
        if self.charts is None or self.host_charts is None:
            return
        self.charts.set_metrics(found.metrics)
        self.host_charts.set_metrics(found.host)
        self.host_charts.setVisible(bool(found.host))
        self.charts.show_series(found.drawn)
        self.host_charts.show_series(found.drawn_host)
