"""One server on the network page: state, cause in words, what waits, the last attempts, and what can be done."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QHBoxLayout, QMenu

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network import telling
from runferry.desktop.network.attempts import FEW, AttemptList
from runferry.desktop.network.telling import Help
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.panel import Panel
from runferry.desktop.text import breakable, tr
from runferry.engine.pauses import PauseFor
from runferry.status import ConnectionState, ServerStatus

PAUSES = {
    PauseFor.HALF_HOUR: "For 30 minutes",
    PauseFor.HOUR: "For 1 hour",
    PauseFor.TOMORROW: "Until tomorrow morning",
    PauseFor.RESUMED: "Until I resume",
}
HELP = {
    Help.CERTIFICATES: ("Certificates…", "certificate"),
    Help.KEY: ("Enter a key…", "key"),
    Help.PROXY: ("Proxy…", "proxy"),
    Help.SIGN_IN: ("Open the sign-in page", "open-web"),
}


class CardActions(Protocol):
    """What a card asks for."""

    def try_now(self, url: str) -> None:
        """Try this server at once; ends its pause."""

    def pause(self, url: str, length: PauseFor) -> None:
        """Send nothing to it for a while."""

    def check(self, url: str) -> None:
        """Look at the way to it, step by step."""

    def help(self, server: ServerStatus, kind: Help) -> None:
        """Lead to where its problem is solved."""

    def details(self, server: ServerStatus) -> None:
        """Show the whole text of a long error."""


class ServerCard(Panel):
    """Updated in place. `show_server` with each change, `tick` once a second."""

    def __init__(self, actions: CardActions) -> None:
        super().__init__()
        self._actions = actions
        self._server: ServerStatus | None = None
        self._everything = False
        self._shape = Shape(size=20)
        self.name = Elided(bold=True)
        self.state = Label()
        self._address = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        self._since = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        self.cause = Label(wrap=True, selectable=True)
        self.todo = Label(bold=True, wrap=True, selectable=True)
        self.waiting = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        self.attempts = AttemptList()
        self._build()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.name, 1)
        head.addWidget(self._shape)
        head.addWidget(self.state)
        second = QHBoxLayout()
        second.setSpacing(GRID)
        second.addWidget(self._address, 1)
        second.addWidget(self._since)
        self.box.addLayout(head)
        self.box.addLayout(second)
        self.box.addWidget(self.cause)
        self.box.addWidget(self.todo)
        self.box.addLayout(self._buttons())
        third = QHBoxLayout()
        third.setSpacing(GRID)
        third.addWidget(self.waiting, 1)
        third.addWidget(self.more)
        self.box.addLayout(third)
        self.box.addWidget(self.attempts)

    def _buttons(self) -> Flow:
        self.try_now = Button(tr("Try now"), lambda: self._actions.try_now(self._url), "retry")
        self.resume = Button(tr("Resume"), lambda: self._actions.try_now(self._url), "play")
        self.pause = Button(tr("Pause"), lambda: None, "pause")
        menu = QMenu(self.pause)
        for length, title in PAUSES.items():
            menu.addAction(tr(title)).triggered.connect(
                lambda _=False, length=length: self._actions.pause(self._url, length)
            )
        self.pause.setMenu(menu)
        self.help = Button("", self._help)
        self.check = Button(tr("Check connection"), lambda: self._actions.check(self._url), "nav-network")
        self.details = Button(tr("Details…"), self._details, "details")
        self.more = Button("", self._turn)
        self.more.setFlat(True)
        return Flow().add(self.help, self.try_now, self.resume, self.pause, self.check, self.details)

    @property
    def _url(self) -> str:
        return self._server.url if self._server else ""

    def _help(self) -> None:
        kind = telling.help_for(self._server) if self._server else None
        if self._server is not None and kind is not None:
            self._actions.help(self._server, kind)

    def _details(self) -> None:
        if self._server is not None:
            self._actions.details(self._server)

    def _turn(self) -> None:
        self._everything = not self._everything
        if self._server is not None:
            self._show_attempts(self._server)

    def show_server(self, server: ServerStatus, now: float) -> None:
        """As it is now; the list of attempts follows with the next `tick`."""
        before, self._server = self._server, server
        if server == before:
            return
        name = telling.title(server.url)
        _set(self.name, name)
        _set(self._address, telling.address(server))
        cause = telling.cause_line(server)
        _set(self.cause, breakable(telling.shortened(cause)))
        self.cause.setVisible(bool(cause))
        self.details.setVisible(telling.shortened(cause) != cause)
        todo = (server.cause or {}).get("todo", "")
        _set(self.todo, breakable(todo))
        self.todo.setVisible(bool(todo))
        waiting = telling.waiting_line(server)
        _set(self.waiting, waiting)
        self.waiting.setVisible(bool(waiting) or len(server.attempts) > FEW)
        self._show_buttons(server, name)
        self._show_line(now)
        if before is None:
            self._show_attempts(server)

    def tick(self, now: float) -> None:
        """The countdown goes on."""
        if self._server is not None:
            self._show_attempts(self._server)
            self._show_line(now)

    def _show_line(self, now: float) -> None:
        if self._server is None:
            return
        line = telling.state_line(self._server, now)
        if self.state.text() != line.text:
            self._shape.show_shape(line.look.shape, line.look.tone, line.text)
            self.state.set_tone(line.look.tone)
            self.state.setText(line.text)
        _set(self._since, telling.down_line(self._server, now))
        if self.accessibleName() != (said := f"{telling.title(self._server.url)}: {line.text}"):
            self.setAccessibleName(said)

    def _show_buttons(self, server: ServerStatus, name: str) -> None:
        is_paused = server.state is ConnectionState.PAUSED
        self.resume.setVisible(is_paused)
        self.pause.setVisible(not is_paused)
        self.try_now.setVisible(telling.can_try(server))
        kind = telling.help_for(server)
        self.help.setVisible(kind is not None)
        if kind is not None:
            text, icon = HELP[kind]
            self.help.show_as(tr(text), icon)
        for button in (self.help, self.try_now, self.resume, self.pause, self.check, self.details):
            if button.accessibleName() != (said := f"{button.text()}: {name}"):
                button.setAccessibleName(said)

    def _show_attempts(self, server: ServerStatus) -> None:
        everything = self._everything
        self.attempts.show_attempts(server.attempts, everything)
        number = len(server.attempts)
        self.more.setVisible(number > FEW)
        self.more.show_as(
            tr("Fewer attempts") if everything else tr("All {n} attempts", n=number),
            "collapse" if everything else "expand",
        )


def _set(label: Label, text: str) -> None:
    """Only what changed: a text that is set anew loses its selection."""
    if label.text() != text:
        label.setText(text)
