"""Servers: where runs go, this computer's own server, W&B's cloud, and companies' servers, each with its key."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.own_server import is_own
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.key_card import KeyCard
from runferry.desktop.settings.local_server_panel import LocalServerPanel
from runferry.desktop.settings.pane import Pane, PaneKind, options_in
from runferry.desktop.system.keyring_state import KeyringState, keyring_state
from runferry.desktop.text import breakable, tr
from runferry.errors import AppError
from runferry.servers import CLOUD_URLS, is_cloud, normalise_url
from runferry.settings import OPTIONS, Settings
from runferry.status import ConnectionState, Snapshot


class ServersPane(Pane):
    """A card per server that has a key; the local one needs none."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(context, desk, kind)
        self._overview: Snapshot | None = None
        self._keyring: KeyringState | None = None
        self.cards: dict[str, KeyCard] = {}
        self.local = LocalServerPanel(context)
        self._local_seen: ConnectionState | None = None
        self.keyring_line = Label(tone=Tone.SUBTLE, wrap=True)
        self.keyring_line.hide()
        options = [one for one in options_in(*kind.sections) if one.name not in ("local_server_port", "cloud_url")]
        self.heading("", tr("For runs and folders that do not say where they go:"))
        self.form(options)
        self.heading(tr("This computer"))
        self.put(self.local)
        self.form([OPTIONS["local_server_port"]])
        self.heading(tr("Keys"))
        self.put(self.keyring_line)
        self._cards_at = self.column.count() - 1
        self.heading(tr("Another server"))
        self.put(self._adding())
        self.form([OPTIONS["cloud_url"]])
        self._show_cards()

    def _adding(self) -> Panel:
        panel = Panel()
        self.address = QLineEdit()
        self.address.setPlaceholderText("https://wandb.example.com")
        self.address.setAccessibleName(tr("Address of a company's server"))
        self.address.returnPressed.connect(self.add)
        self.error = Label(tone=Tone.BAD, wrap=True)
        self.error.hide()
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.address, 1)
        row.addWidget(Button(tr("Add"), self.add, "add"))
        panel.box.addWidget(Label(tr("Address of your company's server"), Size.SMALL))
        panel.box.addLayout(row)
        panel.box.addWidget(self.error)
        return panel

    # -- what comes in ------------------------------------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Servers came into use."""
        self._overview = update.overview
        self._show_cards()
        seen = next((one.state for one in update.overview.servers if is_own(one.url)), None)
        if seen is not self._local_seen:
            self._local_seen = seen
            self.local.refresh()

    def refresh(self) -> None:
        """Keys may have come or gone."""
        super().refresh()
        self._show_cards()
        self.local.refresh()
        for card in self.cards.values():
            card.refresh()
        if self._keyring is None:
            self.context.tasks.ask(keyring_state, self._show_keyring)

    def open(self, subject: str) -> None:
        """A server whose key is missing or was refused."""
        if subject.startswith("http"):
            card = self._card(normalise_url(subject))
            card.key.setFocus()
            QTimer.singleShot(0, card, lambda: self.ensureWidgetVisible(card))  # once a new one has its place

    def _show_keyring(self, state: KeyringState) -> None:
        self._keyring = state
        text = tr("This system's keyring: {name}.", name=state.name) if state.name else f"{state.note} {state.todo}"
        self.keyring_line.setText(text)
        self.keyring_line.show()
        for card in self.cards.values():
            card.show_keyring(state)

    # -- cards --------------------------------------------------------------------------------------------------------

    def _show_cards(self) -> None:
        for url in key_servers(self._overview, self.desk.settings):
            self._card(url)

    def _card(self, url: str) -> KeyCard:
        card = self.cards.get(url)
        if card is None:
            card = self.cards[url] = KeyCard(self.context, url, "cloud" if is_cloud(url) else "company")
            self.column.insertWidget(self._cards_at + len(self.cards) - 1, card)
            if self._keyring is not None:
                card.show_keyring(self._keyring)
            card.refresh()
        return card

    def add(self) -> None:
        """A company's server by its address."""
        text = self.address.text().strip()
        try:
            url = normalise_url(text if "://" in text else f"https://{text}")
        except AppError as error:
            self.error.setText(breakable(f"{error.message} {error.todo}"))
            self.error.show()
            return
        self.error.hide()
        self.address.clear()
        self.open(url)


def key_servers(overview: Snapshot | None, settings: Settings) -> list[str]:
    """The servers that want a key: W&B's cloud, and those in use or set."""
    named = [settings.cloud_url or CLOUD_URLS[0], settings.server]
    named += [one.server for one in settings.folders] + [one.url for one in settings.per_server]
    named += [one.url for one in overview.servers if not is_own(one.url)] if overview else []
    return [one for one in dict.fromkeys(named) if one.startswith("http")]
