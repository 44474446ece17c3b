"""The second half of the sheet: how each run goes on, and what came of it. It can be closed: the syncs go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.look import words
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.memory import Memory
from runferry.desktop.parts.bar import WHOLE, Bar
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.facts import Facts
from runferry.desktop.parts.labels import Label, Line, Shape
from runferry.desktop.runs.columns import COLUMNS, progress, state_text
from runferry.desktop.runs.model import RunsModel
from runferry.desktop.runs.table import RunsTable
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.status import RunStatus, SyncState

FACTS = 116  # points: the pane below the table
LEFT_OUT = ("step", "started")
OVER = (SyncState.VERIFIED, SyncState.PROBLEM, SyncState.SENT, SyncState.PAUSED)


class Progress(QWidget):
    """`close` is asked to close the sheet. names: as `drop.words.names_of` has them, until the logs were read again."""

    def __init__(
        self, context: Context, close: Callable[[], None], names: Mapping[tuple[str, str], str] = MappingProxyType({})
    ) -> None:
        super().__init__()
        self._context = context
        self._close = close
        self._names = names
        self._runs: dict[str, RunStatus] = {}
        self._began = 0
        self.model = RunsModel(self)
        self.table = RunsTable(self.model, Memory(None), tells_apart=True)
        self.shape = Shape(size=24)
        self.headline = Label(tr("Starting…"), Size.BODY, bold=True)
        self.sentence = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        self.bar = Bar(tr("Rows sent"))
        self.facts = Facts(tr("About this run"))
        self.web = Button(tr("Open on the web"), self._open_web, "open-web")
        self.link = Button(tr("Copy link"), self._copy, "link")
        self.done = Button(tr("Close"), close, primary=True)
        self._build()
        self.table.opened.connect(self._open_run)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_facts())
        context.bridge.updated.connect(self.update_runs)
        self.setFocusProxy(self.table)

    def _build(self) -> None:
        for number, column in enumerate(COLUMNS):
            self.table.setColumnHidden(number, column.name in LEFT_OUT)
        self.bar.setRange(0, 0)
        self.shape.show_shape("state-syncing", Tone.ACCENT, tr("Syncing"))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.headline)
        texts.addWidget(self.sentence)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.shape)
        head.addLayout(texts, 1)
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self.web)
        foot.addWidget(self.link)
        foot.addStretch(1)
        foot.addWidget(self.done)
        self.facts.setFixedHeight(FACTS)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addWidget(self.bar)
        box.addWidget(self.table, 1)
        box.addWidget(Line())
        box.addWidget(self.facts)
        box.addLayout(foot)
        self._show_facts()

    # -- updates ------------------------------------------------------------------------------------------------------

    def begin(self, statuses: Iterable[RunStatus]) -> None:
        """These runs were handed over."""
        known = self._context.bridge.runs
        self._take([known.get(one.key, one) for one in statuses])
        if self.model.rowCount():
            self.table.setCurrentIndex(self.model.index(0, 1))

    def update_runs(self, update: Update) -> None:
        """Some of them changed, perhaps."""
        mine = [one for one in update.runs if one.key in self._runs]
        if mine:
            self._take(mine)

    def _take(self, changed: list[RunStatus]) -> None:
        runs = [one if one.name else replace(one, name=self._name_of(one)) for one in changed]
        self._runs.update((one.key, one) for one in runs)
        self.model.take(runs, ())
        self.table.watch_movement()
        self._refresh()

    def _name_of(self, run: RunStatus) -> str:
        return self._names.get((run.path, run.run_id)) or self._names.get((run.path, ""), "")

    @property
    def counts(self) -> Counter[SyncState]:
        """How many are in each state; what was sent but for something that a person must see to is a problem."""
        return Counter(
            SyncState.PROBLEM if one.state is SyncState.SENT and one.error else one.state for one in self._runs.values()
        )

    @property
    def damaged(self) -> list[RunStatus]:
        """Those that are on the server, but for what could not be read of their logs."""
        verified = [one for one in self._runs.values() if one.state is SyncState.VERIFIED]
        return [one for one in verified if one.damage is not None and one.damage.gaps]

    @property
    def is_over(self) -> bool:
        """Nothing more happens by itself."""
        return bool(self._runs) and all(one.state in OVER for one in self._runs.values())

    def _refresh(self) -> None:
        counts, runs = self.counts, list(self._runs.values())
        verified, problems, number = counts[SyncState.VERIFIED], counts[SyncState.PROBLEM], len(runs)
        servers = ", ".join(dict.fromkeys(server_name(one.server) for one in runs))
        gaps = _with_gaps(self.damaged)
        self.headline.setText(_headline(counts, servers, self.is_over, len(self.damaged), gaps))
        self.sentence.setText(_sentence(counts, self.is_over, gaps if verified < number else ""))
        self.sentence.setVisible(bool(self.sentence.text()))
        if not self.is_over:
            self.shape.show_shape("state-syncing", Tone.ACCENT, tr("Syncing"))
        elif problems:
            self.shape.show_shape("state-problem", Tone.BAD, tr("Problem"))
        elif verified == number:
            look = words.DAMAGED if self.damaged else words.SYNC[SyncState.VERIFIED]
            self.shape.show_shape(look.shape, look.tone, tr(look.word))
        else:
            self.shape.show_shape("state-sent", Tone.ACCENT, tr("Sent"))
        self.bar.setVisible(not self.is_over)
        self.bar.setRange(0, WHOLE)
        shares = [1.0 if one.state in OVER else progress(one) or 0.0 for one in runs]
        self.bar.setValue(round(WHOLE * sum(shares) / max(number, 1)))
        self._show_facts()

    def _show_facts(self) -> None:
        run = self._current()
        urls = [one.url for one in self._chosen() if one.url]
        self.web.setEnabled(len(urls) == 1)
        self.link.setEnabled(bool(urls))
        if run is None:
            self.facts.show_facts([])
            return
        facts = [] if run.error else [(tr("State"), state_text(run))]
        if run.error:
            facts.append((tr("Problem"), f"{run.error.get('title', '')}. {run.error.get('message', '')}"))
            facts.append((tr("To do"), run.error.get("todo", "")))
        if run.damage is not None and run.damage.gaps:
            facts.append((tr("Lost"), "\n".join(run.damage.details[:50])))
        if run.url:
            facts.append((tr("Page"), run.url))
        facts.append((tr("Folder"), run.path))
        self.facts.show_facts([(title, text) for title, text in facts if text])

    # -- what people do -----------------------------------------------------------------------------------------------

    def _current(self) -> RunStatus | None:
        index = self.table.currentIndex()
        return self.model.run(index.row()) if index.isValid() else None

    def _chosen(self) -> list[RunStatus]:
        found = self.table.chosen()
        current = self._current()
        return found or ([current] if current else [])

    def _open_web(self) -> None:
        for one in self._chosen()[:1]:
            self._context.open_page(one.url)

    def _copy(self) -> None:
        links = [one.url for one in self._chosen() if one.url]
        QApplication.clipboard().setText("\n".join(links))
        self._context.shell.toast(plural(len(links), "Link copied", "{n} links copied"))

    def _open_run(self, run: RunStatus) -> None:
        if run.key in self._context.bridge.runs:
            self._close()
            self._context.shell.go("runs", run.key)


def _with_gaps(damaged: list[RunStatus]) -> str:
    """1 with a gap, 3 with gaps; nothing where there are none."""
    if not damaged:
        return ""
    gaps = sum(one.damage.gaps for one in damaged if one.damage is not None)
    return tr("1 with a gap") if gaps == 1 else plural(len(damaged), "{n} with gaps", "{n} with gaps")


def _headline(counts: Counter[SyncState], servers: str, is_over: bool, damaged: int, gaps: str) -> str:
    verified, problems, number = counts[SyncState.VERIFIED], counts[SyncState.PROBLEM], counts.total()
    if not is_over:
        return plural(number, "Syncing {n} run to ", "Syncing {n} runs to ") + servers
    if problems == number:
        return plural(number, "{n} run was not delivered", "{n} runs were not delivered")
    if damaged == number:
        return plural(number, "{n} run with gaps verified on ", "{n} runs with gaps verified on ") + servers
    if verified == number:
        whole = plural(number - damaged, "{n} run verified on ", "{n} runs verified on ") + servers
        return f"{whole} · {gaps}" if gaps else whole
    return tr("{n} of {all} verified on {servers}", n=f"{verified:,}", all=f"{number:,}", servers=servers)


def _sentence(counts: Counter[SyncState], is_over: bool, gaps: str) -> str:
    """What is behind the headline; empty where there is nothing to add. gaps: what it does not say of them."""
    said = []
    if not is_over and counts[SyncState.VERIFIED]:
        said.append(plural(counts[SyncState.VERIFIED], "{n} verified", "{n} verified"))
    if gaps:
        said.append(tr("{gaps} among them", gaps=gaps))
    for state, texts in (
        (SyncState.PROBLEM, ("{n} needs you", "{n} need you")),
        (SyncState.RETRYING, ("{n} waits for the server", "{n} wait for the server")),
        (SyncState.SENT, ("{n} sent, not verified yet", "{n} sent, not verified yet")),
        (SyncState.PAUSED, ("{n} paused", "{n} paused")),
    ):
        if counts[state]:
            said.append(plural(counts[state], *texts))
    if not is_over:
        said.append(tr("you can close this, syncing goes on"))
    return " · ".join(said)
