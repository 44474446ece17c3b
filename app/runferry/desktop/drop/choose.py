"""The first half of the sheet: what was found, which of it is sent, and where to. Nothing is sent before the button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.drop import words
from runferry.desktop.drop.model import PROJECT, ROW, SERVER, TEAM, Counts, DropModel
from runferry.desktop.drop.places import choices, fill
from runferry.desktop.drop.rows import Found, NoRun, Row, requests
from runferry.desktop.drop.table import DropTable
from runferry.desktop.look import amounts
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.looking import Looking
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.empty import Empty
from runferry.desktop.parts.facts import Facts
from runferry.desktop.parts.labels import Elided, Label, Line
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import plural, tr
from runferry.engine.drop import look_at
from runferry.engine.job import SyncRequest
from runferry.engine.places import Places
from runferry.errors import AppError

FACTS = 116  # points: the pane below the table


class Choose(QWidget):
    """`send` gets what was decided; `cancel` is asked to close the sheet."""

    def __init__(
        self,
        context: Context,
        places: Places,
        send: Callable[[list[SyncRequest]], None],
        cancel: Callable[[], None],
    ) -> None:
        super().__init__()
        self._context, self._send = context, send
        self._looking: list[Looking[Found | NoRun]] = []
        self._dropped = 0
        self.model = DropModel(places, self)
        self.table = DropTable(self.model)
        self.headline = Elided(tone=Tone.SUBTLE)
        self.all = QCheckBox(tr("All"))
        self.metrics_only = QCheckBox(tr("Metrics only"))
        self.as_new = QCheckBox(tr("As new runs"))
        self.follow_links = QCheckBox(tr("Follow links"))
        self.server, self.team, self.project = QComboBox(), QComboBox(), QComboBox()
        self.facts = Facts(tr("About this run"))
        self.hint = Label(size=Size.SMALL, tone=Tone.WARN, wrap=True)
        self.sync = Button(tr("Sync"), self._sync, "sync-now", primary=True)
        self._busy = QProgressBar()
        self._body = QStackedWidget()
        self._build(cancel)
        self._connect()
        self.setFocusProxy(self.table)
        self._refresh()

    # -- how it is made -----------------------------------------------------------------------------------------------

    def _build(self, cancel: Callable[[], None]) -> None:
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedSize(80, 6)
        self._busy.setAccessibleName(tr("Looking"))
        head = QHBoxLayout()
        head.addWidget(self.all)
        head.addSpacing(GRID)
        head.addWidget(self.headline, 1)
        head.addWidget(self._busy)
        self._body.addWidget(Empty("search", tr("Looking…")))
        self._body.addWidget(self.table)
        self._body.addWidget(Empty("drop", tr("Nothing was found"), tr("Drop a run folder, or one that holds runs.")))
        self.facts.setFixedHeight(FACTS)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addWidget(Line())
        box.addWidget(self._body, 1)
        box.addWidget(Line())
        box.addWidget(self.facts)
        box.addWidget(Line())
        box.addLayout(self._everything())
        box.addLayout(self._foot(cancel))

    def _everything(self) -> QHBoxLayout:
        """One choice for all runs."""
        line = QHBoxLayout()
        line.setSpacing(GRID)
        line.addWidget(Label(tr("All to")))
        titles = {SERVER: tr("Server of all runs"), TEAM: tr("Team of all runs"), PROJECT: tr("Project of all runs")}
        firsts = {SERVER: tr("keep each server"), TEAM: tr("keep each team"), PROJECT: tr("keep each project")}
        for column, one in ((SERVER, self.server), (TEAM, self.team), (PROJECT, self.project)):
            one.setAccessibleName(titles[column])
            one.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            one.setMinimumContentsLength(10)
            fill(one, choices(self.model.places, column, self.model.places.server), column)
            one.setCurrentIndex(-1)
            (one.lineEdit() or one).setPlaceholderText(firsts[column])
            line.addWidget(one, 3 if column == SERVER else 2)
        self.server.setCurrentIndex(self.server.findData(self.model.places.server) if self.model.places.server else -1)
        self.metrics_only.setToolTip(tr("Rows, config and summary are sent, and nothing else"))
        self.as_new.setToolTip(tr("Each run gets a new id, and becomes a run of its own"))
        self.follow_links.setToolTip(tr("Files are sent, too, to which links lead out of the runs' folders"))
        self.follow_links.hide()
        line.addWidget(self.follow_links)
        line.addWidget(self.metrics_only)
        line.addWidget(self.as_new)
        return line

    def _foot(self, cancel: Callable[[], None]) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self.hint, 1)
        foot.addWidget(Button(tr("Cancel"), cancel))
        foot.addWidget(self.sync)
        return foot

    def _connect(self) -> None:
        self.model.changed.connect(self._refresh)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_facts())
        self.all.clicked.connect(self._tick_all)
        self.metrics_only.toggled.connect(lambda _: self._refresh())
        self.follow_links.toggled.connect(lambda _: self._refresh())
        self.as_new.toggled.connect(lambda on: self.model.change(is_new=on))
        self.server.activated.connect(lambda _: self.model.change(server=self.server.currentData()))
        for field, one in (("entity", self.team), ("project", self.project)):
            one.activated.connect(partial(self._typed, field, one))
            edit = one.lineEdit()
            if edit is not None:
                edit.editingFinished.connect(partial(self._typed, field, one))

    # -- what is found ------------------------------------------------------------------------------------------------

    def look(self, paths: Sequence[Path]) -> None:
        """Look through these too."""
        engine, given = self._context.engine, list(paths)
        self._dropped += len(given)
        self.model.named |= frozenset(str(one.absolute()) for one in given)
        one: Looking[Found | NoRun] = Looking(
            self._context.tasks, lambda: look_at(engine, given), self._take, self._over
        )
        self._looking.append(one)
        one.start()
        self._refresh()

    def stop(self) -> None:
        """The sheet goes."""
        for one in self._looking:
            one.stop()

    @property
    def is_looking(self) -> bool:
        """Whether more may come."""
        return any(one.is_running for one in self._looking)

    def _take(self, some: list[Found | NoRun]) -> None:
        self.model.take(some)
        if not self.table.selectionModel().hasSelection() and self.model.rowCount():
            now = self.table.currentIndex()  # a table that has the focus has one at once, and selects nothing
            self.table.setCurrentIndex(now if now.isValid() else self.model.index(0, 0))
            focused = self.window().focusWidget()
            if focused is None or not self.isAncestorOf(focused):  # it was not shown when the sheet opened
                self.table.setFocus()

    def _over(self, error: AppError | None) -> None:
        if error is not None:
            self._context.shell.tell(error)
        else:
            self._refresh()

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        counts, looking = self.model.counts(), self.is_looking
        said = plural(self._dropped, "{n} item dropped", "{n} items dropped")
        found = plural(counts.runs, "{n} run found", "{n} runs found")
        more = plural(counts.others, "{n} is not a run", "{n} are not runs") if counts.others else ""
        self.headline.setText(" · ".join(one for one in (said, found, more) if one))
        self._busy.setVisible(looking)
        self._body.setCurrentIndex(1 if self.model.rowCount() else 0 if looking else 2)
        self.all.setEnabled(bool(counts.runs))
        self.all.setTristate(0 < counts.ticked < counts.runs)
        state = Qt.CheckState.Unchecked if not counts.ticked else Qt.CheckState.PartiallyChecked
        self.all.setCheckState(Qt.CheckState.Checked if counts.ticked == counts.runs > 0 else state)
        ticked = counts.ticked
        self.sync.setText(plural(ticked, "Sync {n} run", "Sync {n} runs") if ticked else tr("Sync"))
        self.sync.setEnabled(bool(ticked) and not counts.unplaced and not counts.unfit)
        self.sync.setToolTip(plain(amounts.size(counts.bytes)))
        self.follow_links.setVisible(counts.left_links > 0)
        self._hint(counts)
        self._show_facts()

    def _hint(self, counts: Counts) -> None:
        no_server = any(one.is_ticked and one.missing == "server" for one in self.model.runs)
        if no_server:
            self.hint.setText(tr("A W&B key was found: choose whether runs go to this computer or to a server."))
        elif counts.unfit:
            self.hint.setText(f"{counts.unfit[:1].upper()}{counts.unfit[1:]}.")
        elif counts.unplaced:
            one, many = "{n} run has no project yet: choose one", "{n} runs have no project yet: choose one"
            self.hint.setText(plural(counts.unplaced, one, many))
        elif self.model.runs and all(one.done is not None for one in self.model.runs):
            self.hint.setText(tr("All of it was verified there before: nothing needs to be sent."))
        elif counts.left_links and not self.follow_links.isChecked() and not self.metrics_only.isChecked():
            self.hint.setText(words.left_out(counts.left_links))
        else:
            self.hint.setText("")

    def _show_facts(self) -> None:
        index = self.table.currentIndex()
        one = index.data(ROW) if index.isValid() else None
        if isinstance(one, Row):
            self.facts.show_facts(words.details(one, self.metrics_only.isChecked(), self.follow_links.isChecked()))
        elif isinstance(one, NoRun):
            self.facts.show_facts([(tr("Why not"), one.why), (tr("Path"), one.path)])
        else:
            self.facts.show_facts([])

    # -- what is chosen -----------------------------------------------------------------------------------------------

    def _tick_all(self) -> None:
        counts = self.model.counts()
        self.model.change(ticked=counts.ticked < counts.runs)

    def _typed(self, field: str, box: QComboBox, *_: object) -> None:
        value = box.currentText().strip()
        if box.property("given") != value:
            box.setProperty("given", value)
            self.model.change(None, **{field: value})

    @property
    def _follows(self) -> bool:
        return self.follow_links.isChecked() and not self.follow_links.isHidden()

    def _sync(self) -> None:
        wanted = requests(self.model.runs, self.metrics_only.isChecked(), self._follows)
        if wanted:
            self.stop()
            self._send(wanted)
