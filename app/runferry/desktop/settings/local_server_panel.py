"""This computer's own server: how it is, where its runs lie, start and stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout

from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.panel import Panel
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import tr
from runferry.engine.local_server import LocalServerStatus
from runferry.errors import AppError


class LocalServerPanel(Panel):
    """The server is asked by tasks: it may hang."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._status: LocalServerStatus | None = None
        self._asking = False
        self._shape = Shape(size=18)
        self.state = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        self._folder = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(Shape("this-computer", Tone.TEXT, 20))
        row.addWidget(Elided(tr("Runferry's own server"), bold=True), 1)
        row.addWidget(self._shape)
        row.addWidget(self.state)
        self.box.addLayout(row)
        said = tr("It needs no key and no network, and starts by itself when a run goes there.")
        self.box.addWidget(Label(said, Size.SMALL, Tone.SUBTLE, wrap=True))
        self.box.addWidget(self._folder)
        self.start = Button(tr("Start"), lambda: self._ask(context.engine.start_local_server), "play")
        self.stop = Button(tr("Stop"), lambda: self._ask(context.engine.stop_local_server), "stop")
        self.web = Button(tr("Open its pages"), self._open, "open-web")
        for button in (self.start, self.stop):
            button.setAccessibleName(tr("{what} the local server", what=button.text()))
        self.box.addLayout(Flow().add(self.start, self.stop, self.web))
        self.show_status(None)

    def refresh(self) -> None:
        """Ask how it is."""
        if self._asking:
            return
        self._asking = True
        server = self._context.engine.local_server

        def over(found: LocalServerStatus) -> None:
            self._asking = False
            self.show_status(found)

        def failed(error: AppError) -> None:
            self._asking = False

        self._context.tasks.run(server.look, over, failed)

    def show_status(self, status: LocalServerStatus | None) -> None:
        """How it is; None: not known yet."""
        self._status = status
        running = status is not None and status.is_running
        if status is None:
            shape, tone, text = "", Tone.SUBTLE, ""
        elif running:
            shape, tone, text = "state-verified", Tone.GOOD, tr("Running — {url}", url=status.url)
        elif status.is_off:
            shape, tone, text = "state-paused", Tone.SUBTLE, tr("Stopped by you: what goes to it waits")
        else:
            shape, tone, text = "state-waiting", Tone.SUBTLE, tr("Not started yet")
        self._shape.show_shape(shape, tone, text)
        self.state.setText(text)
        self._folder.setText(status.folder if status else "")
        self.start.setVisible(status is not None and not running)
        self.stop.setVisible(running)
        self.stop.setEnabled(status is not None and status.is_ours)
        self.stop.setToolTip(plain("" if self.stop.isEnabled() else tr("It was started in a terminal: end it there.")))
        self.web.setVisible(running)

    def _ask(self, work: Callable[[], object]) -> None:
        self.start.setEnabled(False)
        self.stop.setEnabled(False)

        def over(_: object) -> None:
            self.start.setEnabled(True)
            self.refresh()
            self._context.bridge.look_again()

        def failed(error: AppError) -> None:
            over(None)
            self._context.shell.tell(error)

        self._context.tasks.run(work, over, failed)

    def _open(self) -> None:
        if self._status is not None:
            self._context.open_page(self._status.url)
