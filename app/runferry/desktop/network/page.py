"""The network page: one card per server, and the check of a connection over them. It only shows what snapshots say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context, Page
from runferry.desktop.look.theme import GRID, MARGIN, Size
from runferry.desktop.network import telling
from runferry.desktop.network.card import ServerCard
from runferry.desktop.network.check import CheckView
from runferry.desktop.network.telling import Help
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label, Line
from runferry.desktop.parts.panel import Scroll
from runferry.desktop.text import tr
from runferry.engine.pauses import PauseFor
from runferry.errors import PermanentError
from runferry.status import ServerStatus, Snapshot


class NetworkPage(Page):
    """Cards stay where they are; a server that comes into use is added below."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._overview: Snapshot | None = None
        self.cards: dict[str, ServerCard] = {}
        self._try_all = Button(tr("Try all now"), lambda: self.try_now(""), "retry")
        head = QHBoxLayout()
        head.setContentsMargins(MARGIN, MARGIN, MARGIN, GRID + 4)
        head.setSpacing(GRID)
        head.addWidget(Label(tr("Network"), Size.TITLE, bold=True))
        head.addStretch(1)
        head.addWidget(self._try_all)
        head.addWidget(Button(tr("Servers…"), lambda: context.shell.go("settings", "servers"), "nav-servers"))
        self._scroll = Scroll(tr("Servers"))
        self._scroll.column.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(Line())
        box.addWidget(self._scroll, 1)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self, lambda: self.try_now(""))

    # -- updates ------------------------------------------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Servers changed."""
        self._overview = update.overview
        if self.isVisible():
            self._show(time.time())

    def tick(self, now: float) -> None:
        """Countdowns, and what a hidden page left out."""
        if self._overview is not None:
            self._show(now)
            for card in self.cards.values():
                card.tick(now)

    def open(self, subject: str) -> None:
        """`subject`: a server, which is brought into view."""
        if self._overview is not None:
            self._show(time.time())
        card = self.cards.get(subject)
        if card is not None:
            self._scroll.ensureWidgetVisible(card)
            card.check.setFocus()

    def _show(self, now: float) -> None:
        assert self._overview is not None
        seen: Counter[str] = Counter()
        shown: dict[str, ServerStatus] = {}
        for server in telling.shown_servers(self._overview, self._context.engine.settings):
            seen[server.url] += 1  # one address twice: with two keys
            shown[server.url if seen[server.url] == 1 else f"{server.url} {seen[server.url]}"] = server
        for key in [one for one in self.cards if one not in shown]:
            gone = self.cards.pop(key)
            self._scroll.column.removeWidget(gone)
            gone.deleteLater()
        before = len(self.cards)
        for key, server in shown.items():
            card = self.cards.get(key)
            if card is None:
                card = self.cards[key] = ServerCard(self)
                self._scroll.column.insertWidget(len(self.cards) - 1, card)
            card.show_server(server, now)
        if len(self.cards) > before:
            self._scroll.column.activate()  # else they are seen squeezed for a moment
        self._try_all.setEnabled(any(telling.can_try(one) for one in shown.values()))

    # -- what people do -----------------------------------------------------------------------------------------------

    def try_now(self, url: str) -> None:
        """Try a server, or all, at once; ends its pause."""
        engine = self._context.engine
        self._do(lambda: engine.try_now(url))

    def pause(self, url: str, length: PauseFor) -> None:
        """Send nothing to it for a while."""
        engine = self._context.engine
        self._do(lambda: engine.pause(url, length.until(time.time())))

    def _do(self, work: Callable[[], object]) -> None:

        def asked() -> None:
            work()
            self._context.bridge.look_again()

        self._context.do(asked)

    def check(self, url: str) -> None:
        """Walk the way to a server, live, in a sheet."""
        view = CheckView(self._context, url, lambda kind: self.help_at(url, kind))
        self._context.shell.sheet(tr("Check connection: {server}", server=telling.title(url)), view, 680, 600)
        view.start()

    def details(self, server: ServerStatus) -> None:
        """The whole text of a long error."""
        cause = server.cause or {}
        error = PermanentError(**{name: cause.get(name, "") for name in ("slug", "title", "message", "todo", "cause")})
        self._context.shell.tell(error)

    def help(self, server: ServerStatus, kind: Help) -> None:
        """Lead to where its problem is solved."""
        if kind is Help.SIGN_IN:
            self._context.open_page(server.page)
        else:
            self.help_at(server.url, kind)

    def help_at(self, url: str, kind: Help) -> None:
        """The settings' pane where it is put right."""
        shell = self._context.shell
        shell.close_sheet()
        panes = {Help.CERTIFICATES: f"certificates {url}", Help.KEY: f"servers {url}", Help.PROXY: "network"}
        shell.go("settings", panes[kind])
