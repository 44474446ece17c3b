"""Storage: what runs and the app's own folders take, and where they are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.look import amounts
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button, IconButton
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label, Line
from runferry.desktop.parts.panel import Panel
from runferry.desktop.runs.actions import RunActions
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.pane import Pane, PaneKind, options_in
from runferry.desktop.text import plural, tr
from runferry.engine.space import Space, own_space

_NAMES = {"store": "The local server's store", "state": "What was delivered where", "logs": "The app's own logs"}


class StoragePane(Pane):
    """Sums of runs come with each update; folders are measured when the pane is shown."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(context, desk, kind)
        self.runs, self.own = Panel(), Panel()
        self._totals: tuple[int, ...] = ()
        self._measuring = False
        self._folders: tuple[str, ...] = ()
        said = tr("Logs of runs lie where the trainings wrote them. Runferry never deletes one by itself.")
        self.free_up = Button(tr("Free up space…"), self._free_up, "trash")
        self.heading(tr("Runs"), said)
        self.put(self.runs)
        self.column.insertLayout(self.column.count() - 1, Flow().add(self.free_up))
        self.heading(tr("Runferry's own folders"))
        self.put(self.own)
        self.form(options_in(*kind.sections))
        self._show_runs((0, 0, 0, 0))

    def take(self, update: Update) -> None:
        """Other sums."""
        counted = update.totals
        self._folders = tuple(one.path for one in update.overview.folders)
        self.free_up.setEnabled(counted.runs > 0)
        self._show_runs(
            (counted.verified, counted.verified_bytes, counted.runs - counted.verified, counted.waiting_bytes)
        )

    def refresh(self) -> None:
        """Measure again."""
        super().refresh()
        if self._measuring:
            return
        self._measuring = True
        home = self.context.engine.home

        def over(found: tuple[Space, ...]) -> None:
            self._measuring = False
            self.show_space(found)

        self.context.tasks.run(lambda: own_space(home), over)

    def _free_up(self) -> None:
        """All watched folders, and the runs that lie elsewhere."""
        known = (one.path for one in self.context.bridge.runs.values())
        RunActions(self.context).free_up_in(roots_of(self._folders, known))

    def _show_runs(self, totals: tuple[int, ...]) -> None:
        if totals == self._totals:
            return
        self._totals = totals
        verified, verified_bytes, others, waiting_bytes = totals
        box = self.runs.refill()
        box.addLayout(_row(plural(verified, "{n} run verified", "{n} runs verified"), amounts.size(verified_bytes)))
        box.addWidget(Line())
        size = tr("{size} waiting", size=amounts.size(waiting_bytes))
        box.addLayout(_row(plural(others, "{n} other run", "{n} other runs"), size))

    def show_space(self, found: tuple[Space, ...]) -> None:
        """What the folders take."""
        box = self.own.refill()
        for number, one in enumerate(found):
            if number:
                box.addWidget(Line())
            name = tr(_NAMES[one.name])
            row = _row(name, amounts.size(one.size))
            button = IconButton(
                "open-folder", tr("Show the folder: {name}", name=name), partial(self.context.open_folder, one.path)
            )
            button.setEnabled(one.path.is_dir())
            row.addWidget(button)
            box.addLayout(row)
            box.addWidget(Elided(str(one.path), Size.SMALL, Tone.SUBTLE))


def roots_of(folders: Iterable[str], runs: Iterable[str]) -> list[Path]:
    """Where runs lie: the watched folders, and each run that is in none of them. No folder comes twice."""
    roots = [Path(one) for one in dict.fromkeys(folders)]
    watched = set(roots)
    for one in dict.fromkeys(runs):
        path = Path(one)
        if path not in watched and watched.isdisjoint(path.parents):
            roots.append(path)
    return roots


def _row(name: str, value: str) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(GRID)
    row.addWidget(Label(name), 1)
    row.addWidget(Label(value, tone=Tone.SUBTLE))
    return row
