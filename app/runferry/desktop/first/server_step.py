"""Step 2: where runs go: this computer, W&B's cloud, or a company's server with its key and certificate.

A key that was found is named and offered; it is used only after the server that it belongs to was chosen.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.first.step import Step
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label, Shape
from runferry.desktop.parts.panel import Panel, Scroll
from runferry.desktop.settings.key_card import KeyCard
from runferry.desktop.system.keyring_state import KeyringState, keyring_state
from runferry.desktop.text import tr
from runferry.engine.keys import KeyState, key_state
from runferry.errors import AppError
from runferry.servers import LOCAL, normalise_url


class ServerCard(Panel):
    """One of three: a choice with what belongs to it, which shows while it is chosen."""

    def __init__(self, icon: str, title: str, sentence: str, body: QWidget | None = None) -> None:
        super().__init__()
        self.choice = QRadioButton(title.replace("&", "&&"))  # a single one underlines the letter behind it
        self.note = Label(sentence, Size.SMALL, Tone.SUBTLE, wrap=True)
        self.body = body
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(Shape(icon, Tone.TEXT, 20))
        head.addWidget(self.choice, 1)
        self.box.addLayout(head)
        self.box.addWidget(self.note)
        if body is not None:
            self.box.addWidget(body)
            body.hide()
            self.choice.toggled.connect(body.setVisible)


class ServerStep(Step):
    """`changed` when another server is meant. certificates: leads to the certificates of a server."""

    changed = Signal()

    def __init__(self, context: Context, cloud_url: str, certificates: Callable[[str], None]) -> None:
        super().__init__(
            tr("Where should they go?"), tr("One place for all; each folder and each run may go elsewhere later.")
        )
        self._context = context
        self._cloud_url = cloud_url
        self._certificates = certificates
        self._keyring: KeyringState | None = None
        self.local = ServerCard(
            "this-computer",
            tr("This computer"),
            tr("Ready at once: needs no account, no key and no network. Nothing leaves this computer."),
        )
        self.cloud_key = KeyCard(context, cloud_url, "key")
        self.cloud = ServerCard("cloud", tr("W&B cloud"), tr("With the key of your account."), self.cloud_key)
        self.address = QLineEdit()
        self.error = Label(size=Size.SMALL, tone=Tone.BAD, wrap=True)
        self.company_key: KeyCard | None = None
        self._company_box = QVBoxLayout()
        self.company = ServerCard(
            "company", tr("Company server"), tr("A W&B server that your company runs."), self._company_body()
        )
        self._build()
        context.tasks.ask(keyring_state, self._show_keyring)

    def _build(self) -> None:
        self.choices = QButtonGroup(self)
        scroll = Scroll(tr("Servers"), margin=0, spacing=GRID)
        for card in (self.local, self.cloud, self.company):
            self.choices.addButton(card.choice)
            scroll.column.addWidget(card)
        scroll.column.addStretch(1)
        self.box.addWidget(scroll, 1)
        self.local.choice.setChecked(True)
        self.choices.buttonToggled.connect(lambda *_: self._toggled())
        self.setFocusProxy(self.local.choice)

    def _company_body(self) -> QWidget:
        body = QWidget()
        self._company_box = QVBoxLayout(body)
        self._company_box.setContentsMargins(0, 0, 0, 0)
        self._company_box.setSpacing(GRID)
        self.address.setPlaceholderText("https://wandb.example.com")
        self.address.setAccessibleName(tr("Address of the company's server"))
        self.address.editingFinished.connect(self.take_address)
        self.error.hide()
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.address, 1)
        row.addWidget(Button(tr("Certificates…"), self._show_certificates, "certificate"))
        self._company_box.addLayout(row)
        self._company_box.addWidget(self.error)
        return body

    # -- what is meant ------------------------------------------------------------------------------------------------

    def server(self) -> str:
        """``local``, a URL, or empty while the address is missing."""
        if self.local.choice.isChecked():
            return LOCAL
        if self.cloud.choice.isChecked():
            return self._cloud_url
        return self.company_key.url if self.company_key else ""

    def look(self) -> None:
        """Whether a key of the cloud is there already; told, not used."""
        engine, url = self._context.engine, self._cloud_url
        settings, environ = engine.settings, engine.environ
        self._context.tasks.ask(lambda: key_state(url, settings, environ), self.show_key)

    def show_key(self, state: KeyState) -> None:
        """A key that was found is offered."""
        if state.source:
            said = tr("A key was found ({place}). It is used only if you choose this.", place=state.source)
            self.cloud.note.setText(said)
        self.cloud_key.show_key(state)

    def take_address(self) -> None:
        """The address was entered: ask for its key, or say what is wrong with it."""
        text = self.address.text().strip()
        if not text:
            return
        try:
            url = normalise_url(text)
        except AppError as error:
            self.error.setText(f"{error.message} {error.todo}")
            self.error.show()
            self._drop_company()
            return
        self.error.hide()
        if self.company_key is None or self.company_key.url != url:
            self._drop_company()
            self.company_key = KeyCard(self._context, url, "key")
            self._company_box.addWidget(self.company_key)
            self.company_key.refresh()
            if self._keyring is not None:
                self.company_key.show_keyring(self._keyring)
        self.changed.emit()

    def _drop_company(self) -> None:
        card, self.company_key = self.company_key, None
        if card is not None:
            card.hide()
            card.deleteLater()
        self.changed.emit()

    def _show_certificates(self) -> None:
        self.take_address()
        if self.company_key is not None:
            self._certificates(self.company_key.url)

    def _show_keyring(self, state: KeyringState) -> None:
        self._keyring = state
        self.cloud_key.show_keyring(state)
        if self.company_key is not None:
            self.company_key.show_keyring(state)

    def _toggled(self) -> None:
        if self.cloud.choice.isChecked():
            self.cloud_key.refresh()
        self.changed.emit()
