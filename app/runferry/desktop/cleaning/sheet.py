"""Free up space: what could go and what stays, each with the reason; the chosen ones go to the trash.

Nothing is believed: each folder is compared with its server at this moment, and looked at again before it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from runferry.desktop.cleaning.model import FOLDER, SIZE, WHERE, CleaningModel
from runferry.desktop.context import Context
from runferry.desktop.look import amounts
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.looking import Looking
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.empty import Empty
from runferry.desktop.parts.labels import Elided, Label, Line
from runferry.desktop.parts.tables import quiet
from runferry.desktop.text import plural, tr
from runferry.engine.cleaning import Candidate, Stays, judged_in, to_trash
from runferry.errors import AppError

WIDTH, HEIGHT = 860, 600
DAY = 86_400.0
AGES = {"1 day": DAY, "1 week": 7 * DAY, "1 month": 30 * DAY, "3 months": 90 * DAY}
ROW = 32


class CleaningTable(QTableView):
    """Space ticks all that are selected."""

    def __init__(self, model: CleaningModel) -> None:
        super().__init__()
        self._cleaning = model
        self.setModel(model)
        quiet(self, tr("Run folders"), ROW)
        header = self.horizontalHeader()
        header.setSectionResizeMode(WHERE, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(FOLDER, 320)
        self.setColumnWidth(SIZE, 80)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ticks."""
        if event.key() == Qt.Key.Key_Space:
            self._cleaning.toggle([one.row() for one in self.selectionModel().selectedRows()])
        else:
            super().keyPressEvent(event)


class CleaningSheet(QWidget):
    """roots: folders below which runs are looked at. `close` is asked to close the sheet."""

    def __init__(self, context: Context, roots: Sequence[Path], close: Callable[[], None]) -> None:
        super().__init__()
        self._context, self._roots, self._close = context, list(roots), close
        self._looking: Looking[Candidate | Stays] | None = None
        self.model = CleaningModel(self)
        self.table = CleaningTable(self.model)
        self.headline = Elided(bold=True)
        self.age = QComboBox()
        self.note = Label(tr("Trash frees no space until it is emptied."), Size.SMALL, Tone.SUBTLE, wrap=True)
        self.trash = Button("", self._to_trash, "trash")  # not by Return: it takes something away
        self._busy = QProgressBar()
        self._body = QStackedWidget()
        self._build()
        self.model.changed.connect(self._refresh)
        self.age.currentIndexChanged.connect(lambda _: self.look())
        self.setFocusProxy(self.table)
        self.look()

    def _build(self) -> None:
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedSize(80, 6)
        self._busy.setAccessibleName(tr("Comparing with the servers"))
        for title, seconds in AGES.items():
            self.age.addItem(tr(title), seconds)
        self.age.setAccessibleName(tr("Unchanged for at least"))
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.headline, 1)
        head.addWidget(self._busy)
        head.addWidget(Label(tr("Unchanged for"), tone=Tone.SUBTLE))
        head.addWidget(self.age)
        said = tr("Only what a server on another computer verifiably has, row by row, can go.")
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self.note, 1)
        foot.addWidget(Button(tr("Close"), self._close))
        foot.addWidget(self.trash)
        self._body.addWidget(self.table)
        self._body.addWidget(Empty("search", tr("Comparing with the servers…")))
        self._body.addWidget(Empty("folder", tr("No run folders were found")))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addWidget(Label(said, Size.SMALL, Tone.SUBTLE, wrap=True))
        box.addWidget(Line())
        box.addWidget(self._body, 1)
        box.addWidget(Line())
        box.addLayout(foot)

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def is_looking(self) -> bool:
        """Whether more may come."""
        return self._looking is not None and self._looking.is_running

    @property
    def holds_work(self) -> bool:
        """Folders were chosen."""
        return bool(self.model.chosen)

    def look(self) -> None:
        """Judge all folders anew."""
        if self._looking is not None:
            self._looking.stop()
        self.model.clear()
        engine, roots, age = self._context.engine, self._roots, float(self.age.currentData())

        def judged() -> Iterator[Candidate | Stays | None]:
            for root in roots:
                yield from judged_in(engine, root, age)

        take, over = self.model.take, self._over
        looking: Looking[Candidate | Stays] = Looking(self._context.tasks, judged, take, over, asks_others=True)
        self._looking = looking
        self.destroyed.connect(lambda: looking.stop())
        looking.start()
        self._refresh()

    def _over(self, error: AppError | None) -> None:
        if error is not None:
            self._context.shell.tell(error)
        else:
            self._refresh()

    def _refresh(self) -> None:
        (go, stay), chosen = self.model.counts, self.model.chosen
        size = amounts.size(sum(one.size for one in chosen))
        could = plural(go, "{n} folder could go", "{n} folders could go")
        stays = plural(stay, "{n} stays", "{n} stay")
        self.headline.setText(f"{could}, {stays}" if go + stay or not self.is_looking else tr("Looking…"))
        self._busy.setVisible(self.is_looking)
        self._body.setCurrentIndex(0 if go + stay else 1 if self.is_looking else 2)
        words = plural(len(chosen), "Move {n} folder to the trash", "Move {n} folders to the trash")
        self.trash.setText(f"{words} ({size})" if chosen else tr("Move to the trash"))
        self.trash.setEnabled(bool(chosen) and not self.is_looking)

    # -- the trash ----------------------------------------------------------------------------------------------------

    def _to_trash(self) -> None:
        chosen = self.model.chosen
        self.trash.setEnabled(False)

        def work() -> dict[str, str]:
            return {one.path: to_trash(one) for one in chosen}

        self._context.tasks.run(work, self._moved)

    def _moved(self, outcome: dict[str, str]) -> None:
        gone = {path for path, why in outcome.items() if not why}
        self.model.remove(gone)
        self.model.refuse({path: why for path, why in outcome.items() if why})
        said = plural(len(gone), "{n} folder is in the trash", "{n} folders are in the trash")
        self.note.setText(tr("{said}. It frees no space until the trash is emptied.", said=said))
        self._refresh()
