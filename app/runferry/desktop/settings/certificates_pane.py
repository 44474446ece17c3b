"""Certificates: whom this app trusts and why, company CAs, what a server presents, and what wandb has to be told.

Checking is never turned off here: there is no such switch.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QHBoxLayout

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.choosing import ask_files, ask_new_file
from runferry.desktop.parts.drop_target import DropTarget
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.certificate_lists import KeptList, SourceList
from runferry.desktop.settings.certificate_view import CertificateView
from runferry.desktop.settings.chain_view import ChainView
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.inspect_sheet import InspectSheet
from runferry.desktop.settings.pane import Pane, PaneKind
from runferry.desktop.settings.server_box import ServerBox, tls_servers
from runferry.desktop.settings.server_rules import ServerRules
from runferry.desktop.settings.shell_panel import ShellPanel
from runferry.desktop.text import breakable, plural, tr
from runferry.engine import certificate_files as files
from runferry.engine import company_certificates as company
from runferry.engine.certificate_files import SUFFIXES, Inspection, Kept, Presented
from runferry.errors import AppError
from runferry.servers import is_cloud
from runferry.settings import Settings
from runferry.status import Snapshot

_ABOUT = (
    "A server is trusted if an authority that this system knows, or one in the file that SSL_CERT_FILE names, vouches "
    "for it. Your company's own authorities are added to those. Nothing is ever sent to a server that is not trusted."
)
_WANDB = (
    "wandb's own uploader does not see what is set here: it reads SSL_CERT_FILE only, not REQUESTS_CA_BUNDLE. Copy "
    "these lines into the shell where the official client runs."
)


class CertificatesPane(Pane):
    """One server is looked at at a time; what is asked of files, stores and servers is asked by tasks."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(context, desk, kind)
        self._overview: Snapshot | None = None
        self.server = ServerBox()
        self.sources, self.kept = SourceList(), KeptList(self._details, self._remove)
        self.presented, self.rules = Panel(framed=False), ServerRules(desk)
        self.bad_address = Label(tone=Tone.BAD, wrap=True)
        self.put(Label(tr(_ABOUT), tone=Tone.SUBTLE, wrap=True))
        self._build()
        self.server.chosen.connect(lambda _: self.refresh())
        self.server.refused.connect(self._bad_address)
        self._bad_address("")

    def _build(self) -> None:
        self.heading(tr("Company CAs"))
        self.put(self.kept)
        self.add_button = Button(tr("Choose a file…"), self._choose, "add")
        suffixes = tr("Drop a .pem, .crt, .cer or .der here. It is shown before anything is trusted.")
        self.put(DropTarget(suffixes, self.look_at, self.add_button))
        self.heading(tr("One server"))
        self.put(self.server)
        self.put(self.bad_address)
        self.heading("", tr("Where trust comes from for this server, in this order:"))
        self.put(self.sources)
        self.show_button = Button(tr("Show what it presents"), self.look, "eye")
        row = QHBoxLayout()
        row.addWidget(self.show_button)
        row.addStretch(1)
        holder = Panel(GRID)
        holder.box.addLayout(row)
        holder.box.addWidget(self.presented)
        self.presented.hide()
        self.put(holder)
        self.heading("", tr("For this server only:"))
        self.put(self.rules)
        self.heading(tr("Your shell"))
        self.shell = ShellPanel(self.context, self.desk)
        self.put(self.shell)
        self.heading(tr("The official client"), tr(_WANDB))
        self.copy_button = Button(tr("Copy environment for wandb"), self._copy, "copy")
        last = QHBoxLayout()
        last.addWidget(self.copy_button)
        last.addStretch(1)
        self.column.insertLayout(self.column.count() - 1, last)

    # -- what comes in ------------------------------------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Servers may have come into use."""
        self._overview = update.overview
        self.server.offer(tls_servers(update.overview, self.desk.settings))

    def open(self, subject: str) -> None:
        """Look at this server at once: its certificate is why somebody came here."""
        if subject.startswith("https://"):
            self.server.choose(subject)
            self.look()
            self.ensureWidgetVisible(self.server)

    def refresh(self) -> None:
        """Files and stores are looked at anew."""
        settings, environ = self.desk.settings, self.desk.environ
        self.server.offer(tls_servers(self._overview, settings))
        url = self.server.url
        self.rules.show_server(settings, url or "https://api.wandb.ai")
        tasks = self.context.tasks
        tasks.run(lambda: company.kept(settings), self.kept.show_kept)
        if url:
            tasks.run(lambda: company.trust_sources(settings, url, environ), self.sources.show_sources)

    def _bad_address(self, text: str) -> None:
        self.bad_address.setText(breakable(text))
        self.bad_address.setVisible(bool(text))

    # -- company CAs --------------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        ask_files(self, tr("Certificates"), self.look_at, SUFFIXES, many=True)

    def look_at(self, paths: list[Path]) -> None:
        """Show what files hold, the first one in a sheet; the others follow when it is closed."""
        if paths:
            first, rest = paths[0], paths[1:]
            self.context.tasks.run(lambda: files.inspect(first), lambda found: self._show_inspection(found, rest))

    def _show_inspection(self, found: Inspection, rest: list[Path]) -> None:
        shell = self.context.shell

        def closed() -> None:
            shell.close_sheet()
            self.look_at(rest)

        def accepted(server: str) -> None:
            closed()
            self.add(found.path, server)

        servers = [one for one in tls_servers(self._overview, self.desk.settings) if not is_cloud(one)]
        here = [one for one in servers if one == self.server.url]
        sheet = InspectSheet(found, [*here, *(one for one in servers if one not in here)], accepted, closed)
        shell.sheet(tr("A certificate to trust?"), sheet, 640, 420)

    def add(self, path: Path, server: str) -> None:
        """Trust a file that was looked at. server: empty for all."""
        environ = self.desk.environ

        def work(settings: Settings) -> int:
            changed, _, found = company.add(settings, path, server)
            files.refresh_bundle(changed, environ)
            return len(found)

        def over(number: int) -> None:
            self.context.shell.toast(
                plural(number, "{n} certificate is trusted now", "{n} certificates are trusted now")
            )

        self.desk.edit(work, over)

    def _details(self, one: Kept) -> None:
        sheet = Panel(framed=False)
        for certificate in one.found:
            sheet.box.addWidget(CertificateView(certificate))
        sheet.box.addStretch(1)
        self.context.shell.sheet(one.name, sheet, 640, 400)

    def _remove(self, one: Kept) -> None:
        environ = self.desk.environ

        def work(settings: Settings) -> None:
            files.refresh_bundle(company.remove(settings, one.name, one.server), environ)

        self.desk.edit(work, lambda _: self.context.shell.toast(tr("{name} is not trusted any more", name=one.name)))

    # -- what a server presents ---------------------------------------------------------------------------------------

    def look(self) -> None:
        """Shake hands with the server, and show what it shows; nothing is sent."""
        settings, environ, url = self.desk.settings, self.desk.environ, self.server.url
        if not url:
            return
        self.show_button.setEnabled(False)
        self._say(tr("Looking at {server} …", server=url), Tone.SUBTLE)

        def over(seen: Presented) -> None:
            self.show_button.setEnabled(True)
            if url == self.server.url:
                self.presented.refill().addWidget(ChainView(seen, lambda: self._save(seen)))

        def failed(error: AppError) -> None:
            self.show_button.setEnabled(True)
            if url == self.server.url:
                self._say(f"{error.title}. {error.message} {error.todo}", Tone.BAD)

        self.context.tasks.ask(lambda: company.presented(settings, url, environ), over, failed)

    def _say(self, text: str, tone: Tone) -> None:
        self.presented.show()
        self.presented.refill().addWidget(Label(breakable(text), tone=tone, wrap=True, selectable=True))

    def _save(self, seen: Presented) -> None:
        def chosen(paths: list[Path]) -> None:
            self.context.do(lambda: files.save_chain(seen, paths[0]), tr("Saved"))

        ask_new_file(self, tr("Save the certificates"), chosen, "presented.pem")

    # -- the official client ------------------------------------------------------------------------------------------

    def _copy(self) -> None:
        settings, environ, shell = self.desk.settings, self.desk.environ, self.context.shell

        def over(lines: tuple[str, ...]) -> None:
            if not lines:
                shell.toast(tr("wandb needs nothing: the system's store is in use"))
                return
            QApplication.clipboard().setText("\n".join(lines) + "\n")
            shell.toast(tr("Copied. Paste it into the shell where the official client runs."))

        self.context.tasks.run(lambda: files.environment_for_wandb(settings, environ), over, shell.tell)
