"""What holds for one server only: relaxed rules of form, and the client certificate that it is shown.

There is no way to leave out the check of the chain or of the name.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.choosing import ask_files
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.desk import Desk
from runferry.desktop.text import breakable, tr
from runferry.engine import company_certificates as company
from runferry.errors import AppError
from runferry.settings import Settings, for_server


class ServerRules(Panel):
    """Shows and changes the rules of the server that `show_server` names. `changed`: called after each change."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._url = ""
        self._in_force = ("", "", "")
        self.relaxed = QCheckBox(tr("Accept certificates with formal faults"))
        self.certificate, self.key = _path(tr("Client certificate")), _path(tr("Its key"))
        self.error = Label(tone=Tone.BAD, wrap=True)
        self.box.addWidget(self.relaxed)
        hint = tr(
            "For company CAs that break rules which newer programs check (no authority key identifier, for instance). "
            "The chain and the name are still checked."
        )
        self.box.addWidget(Label(hint, Size.SMALL, Tone.SUBTLE, wrap=True))
        self.box.addSpacing(GRID)
        self.box.addLayout(_row(tr("Client certificate (PEM)"), self.certificate))
        self.box.addLayout(_row(tr("Its key (empty where the same file holds it)"), self.key))
        self.apply = Button(tr("Show this certificate to the server"), self._apply, "check")
        self.forget = Button(tr("Show none"), self._forget, "clear")
        self.box.addLayout(Flow().add(self.apply, self.forget))
        self.box.addWidget(self.error)
        self.relaxed.clicked.connect(self._relax)
        for line in (self.certificate, self.key):
            line.textChanged.connect(lambda _: self._can())

    def show_server(self, settings: Settings, url: str) -> None:
        """The rules of a server as they are in force."""
        own = for_server(settings.per_server, url)
        in_force = (url, own.client_certificate, own.client_key)
        if in_force != self._in_force:  # what is being typed is not overwritten by news of other things
            self._in_force = in_force
            self.certificate.setText(own.client_certificate)
            self.key.setText(own.client_key)
        if url != self._url:
            self._refused(None)
        self._url = url
        self.relaxed.setChecked(own.relaxed_form)
        self.forget.setEnabled(bool(own.client_certificate))
        self._can()

    def _can(self) -> None:
        self.apply.setEnabled(bool(self.certificate.text().strip()))

    def _relax(self) -> None:
        url, relaxed = self._url, self.relaxed.isChecked()
        self._edit(lambda settings: company.relax(settings, url, relaxed))

    def _apply(self) -> None:
        url, certificate, key = self._url, self.certificate.text().strip(), self.key.text().strip()
        self._edit(lambda settings: company.show_who_we_are(settings, url, certificate, key))

    def _forget(self) -> None:
        url = self._url
        self.certificate.clear()
        self.key.clear()
        self._edit(lambda settings: company.show_who_we_are(settings, url, "", ""))

    def _edit(self, work: Callable[[Settings], Settings]) -> None:
        self._desk.edit(work, lambda _: self._refused(None), self._refused)

    def _refused(self, error: AppError | None) -> None:
        self.error.setText(breakable(f"{error.message} {error.todo}") if error else "")
        self.error.setVisible(error is not None)


def _path(name: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    line.setPlaceholderText(tr("None"))
    return line


def _row(title: str, line: QLineEdit) -> QVBoxLayout:
    def choose() -> None:
        ask_files(line, title, lambda paths: line.setText(str(paths[0])))

    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(Label(title, Size.SMALL))
    row = QHBoxLayout()
    row.setSpacing(GRID)
    row.addWidget(line, 1)
    button = Button(tr("Choose…"), choose, "open-folder")
    button.setAccessibleName(tr("Choose the file: {what}", what=title))
    row.addWidget(button)
    column.addLayout(row)
    return column
