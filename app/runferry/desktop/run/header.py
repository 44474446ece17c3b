"""The upper part of a run's page: back, state, name, where it goes, what can be done, and the sentence."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.look import words
from runferry.desktop.look.theme import GRID, MARGIN, Size, Tone
from runferry.desktop.parts.bar import WHOLE, Bar
from runferry.desktop.parts.buttons import Button, IconButton
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.scrolled import ScrolledText
from runferry.desktop.run.sentence import sentence
from runferry.desktop.runs.columns import progress, run_name, state_text
from runferry.desktop.summary import server_name
from runferry.desktop.text import tr
from runferry.status import RunStatus, ServerStatus, SyncState

TROUBLE = 96  # points: the most that an error may take of the page


class Header(QWidget):
    """Emits `menu_wanted` with where it should open."""

    menu_wanted = Signal(QPoint)

    def __init__(self, back: Callable[[], None], open_web: Callable[[], None]) -> None:
        super().__init__()
        self._shape = Shape(size=20)
        self._name = Elided(size=Size.TITLE, bold=True)
        self._place = Elided(tone=Tone.SUBTLE)
        self._sentence = Label(wrap=True)
        self._trouble = ScrolledText(Label(tone=Tone.BAD, wrap=True, selectable=True), TROUBLE)
        self._bar = Bar(tr("Rows sent"))
        self._web = Button(tr("Open on the web"), open_web, "open-web")
        more = IconButton("more", tr("More"))
        more.clicked.connect(lambda: self.menu_wanted.emit(more.mapToGlobal(QPoint(0, more.height()))))
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(IconButton("back", tr("Back to the list"), back))
        head.addWidget(self._shape)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._name)
        names.addWidget(self._place)
        head.addLayout(names, 1)
        head.addWidget(self._web)
        head.addWidget(more)
        box = QVBoxLayout(self)
        box.setContentsMargins(MARGIN, MARGIN, MARGIN, GRID)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addWidget(self._sentence)
        box.addWidget(self._trouble)
        box.addWidget(self._bar)

    def show_run(self, run: RunStatus, server: ServerStatus | None, now: float) -> None:
        """As it is now."""
        look = words.of_run(run)
        self._shape.show_shape(look.shape, look.tone, state_text(run))
        _set(self._name, run_name(run))
        where = f"{run.entity}/{run.project}" if run.entity and run.project else run.project
        _set(self._place, f"{where} · {server_name(run.server)}" if where else server_name(run.server))
        _set(self._sentence, sentence(run, server, now))
        error = run.error or {}
        if error:
            self._trouble.say(f"{error.get('title', '')}. {error.get('message', '')} {error.get('todo', '')}")
        self._trouble.setVisible(bool(error))
        self._web.setEnabled(bool(run.url))
        share = progress(run)
        self._bar.setVisible(share is not None and run.state is not SyncState.VERIFIED)
        self._bar.setValue(round((share or 0) * WHOLE))


def _set(label: Label, text: str) -> None:
    """Only what changed: a text that is set anew loses its selection."""
    if label.text() != text:
        label.setText(text)
