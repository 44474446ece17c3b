"""Which server a pane looks at: those that are known by name, or any address."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from runferry.desktop.text import tr
from runferry.errors import AppError
from runferry.servers import is_loopback, normalise_url
from runferry.settings import Settings
from runferry.status import Snapshot


class ServerBox(QComboBox):
    """Emits `chosen` with a normalised address; what is no address is not emitted and stays to be corrected."""

    chosen = Signal(str)
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName(tr("Server"))
        self._url = ""
        self.activated.connect(lambda _: self._said())
        line = self.lineEdit()
        assert line is not None
        line.editingFinished.connect(self._said)
        line.setPlaceholderText("https://wandb.example.com")

    @property
    def url(self) -> str:
        """The server that was chosen last; empty for none."""
        return self._url

    def offer(self, urls: Sequence[str]) -> None:
        """The servers to choose from; what stands there stays."""
        if [self.itemText(number) for number in range(self.count())] == list(urls):
            return
        text = self.currentText()
        self.clear()
        self.addItems(list(urls))
        self.setEditText(text)
        if not self._url and not text and urls:
            self.choose(urls[0])

    def choose(self, url: str) -> None:
        """Look at this one."""
        self.setEditText(url)
        self._said()

    def _said(self) -> None:
        text = self.currentText().strip()
        if not text:
            return
        try:
            url = normalise_url(text if "://" in text else f"https://{text}")
        except AppError as error:
            self.refused.emit(error.message)
            return
        self.refused.emit("")
        self.setEditText(url)
        if url != self._url:
            self._url = url
            self.chosen.emit(url)


def tls_servers(overview: Snapshot | None, settings: Settings) -> list[str]:
    """The servers that show certificates: in use, set, or with rules of their own; W&B's cloud where there is none."""
    named = [one.url for one in overview.servers] if overview else []
    named += [settings.server, *(one.server for one in settings.folders), *(one.url for one in settings.per_server)]
    found = [one for one in dict.fromkeys(named) if one.startswith("https://")]
    cloud = settings.cloud_url or "https://api.wandb.ai"
    return found if any(not is_loopback(one) for one in found) else [*found, cloud]
