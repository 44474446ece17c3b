"""The certificates pane with an engine and TLS servers that are real: nothing is trusted before a person says so."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import runferry
from runferry.desktop.context import Context
from runferry.desktop.parts.buttons import IconButton
from runferry.desktop.parts.labels import Label
from runferry.desktop.settings.certificate_view import common_name, validity
from runferry.desktop.settings.certificates_pane import CertificatesPane
from runferry.desktop.settings.chain_view import ChainView
from runferry.desktop.settings.inspect_sheet import InspectSheet
from runferry.desktop.settings.page import SettingsPage
from runferry.engine.certificate_files import inspect
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.paths import find_home
from runferry.settings import Settings
from runferry.status import ConnectionState, ServerStatus
from support.company import Company, TlsServer
from support.pages import NotedShell, surroundings, update

PATIENCE = 15_000  # milliseconds


@dataclass
class Place:
    """A pane on a real engine."""

    context: Context
    shell: NotedShell
    engine: Engine
    page: SettingsPage

    @property
    def pane(self) -> CertificatesPane:
        found = self.page.pane("certificates")
        assert isinstance(found, CertificatesPane)
        return found

    def texts(self, kind: type[Label] = Label) -> str:
        return "\n".join(one.text() for one in self.pane.findChildren(kind) if one.isVisibleTo(self.pane))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def server(company: Company) -> Iterator[TlsServer]:
    with TlsServer(company.good()) as made:
        yield made


@pytest.fixture
def place(qtbot: QtBot, server: TlsServer) -> Iterator[Place]:
    home = find_home()
    environ = {"WANDB_API_KEY": "k" * 40, "WANDB_BASE_URL": server.url}
    settings = Settings.load(home.settings_file, environ)
    with Engine(home, settings, environ) as engine, surroundings(engine) as (context, _, shell):
        page = SettingsPage(context)
        qtbot.addWidget(page)
        page.resize(800, 700)
        page.show()
        page.take(update(ServerStatus(server.url, ConnectionState.IDLE)))
        page.open("certificates")
        yield Place(context, shell, engine, page)
        qtbot.waitUntil(lambda: context.tasks.open == 0, timeout=PATIENCE)


def sheet(qtbot: QtBot, place: Place) -> InspectSheet:
    qtbot.waitUntil(lambda: bool(place.shell.sheets), timeout=PATIENCE)
    found = place.shell.sheets[0][1]
    assert isinstance(found, InspectSheet)
    qtbot.addWidget(found)
    return found


def settled(qtbot: QtBot, place: Place) -> None:
    qtbot.waitUntil(lambda: place.context.tasks.open == 0, timeout=PATIENCE)


def test_a_server_behind_a_company_ca_turns_from_untrusted_to_online(
    qtbot: QtBot, place: Place, company: Company, server: TlsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = runferry.init(project="p", dir=tmp_path)
    run.log({"loss": 1.0})
    run.finish()
    folders = tuple((tmp_path / "wandb").glob("offline-run-*"))
    place.engine.sync(SyncRequest(folders, server=server.url))

    def state() -> ConnectionState:
        return place.engine.overview().servers[0].state

    qtbot.waitUntil(lambda: state() is ConnectionState.UNTRUSTED, timeout=PATIENCE)
    assert server.requests == [], "nothing is sent to a server that is not trusted"

    place.pane.look_at([company.ca_file])
    shown = sheet(qtbot, place)
    assert state() is ConnectionState.UNTRUSTED, "looking at a file trusts nobody"
    assert not place.engine.settings.certificates
    assert shown.scope.currentData() == server.url
    shown.accept.click()
    qtbot.waitUntil(lambda: state() is ConnectionState.ONLINE, timeout=PATIENCE)
    assert server.requests
    (own,) = place.engine.settings.per_server
    assert own.url == server.url
    assert place.shell.toasts == ["1 certificate is trusted now"]


def test_a_certificate_is_listed_used_and_removed(
    qtbot: QtBot, place: Place, company: Company, server: TlsServer
) -> None:
    place.pane.add(company.ca_file, "")
    settled(qtbot, place)
    qtbot.waitUntil(lambda: "Company Root CA" in place.texts(), timeout=PATIENCE)
    said = place.texts()
    assert "for all servers" in said
    assert "SHA-256" in said
    assert "Company CA\n" in said, "it is first among the sources"
    (remove,) = [one for one in place.pane.kept.findChildren(IconButton) if one.accessibleName().startswith("Remove")]
    remove.click()
    qtbot.waitUntil(lambda: not place.engine.settings.certificates, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "None was added here." in place.texts(), timeout=PATIENCE)
    assert not list((place.engine.home.config / "certificates").glob("*.pem"))


def test_what_a_server_presents_with_the_untrusted_link_marked(qtbot: QtBot, place: Place, server: TlsServer) -> None:
    place.page.open(f"certificates {server.url}")
    qtbot.waitUntil(lambda: bool(place.pane.findChildren(ChainView)), timeout=PATIENCE)
    (view,) = place.pane.findChildren(ChainView)
    assert view.verdict.text() == "Not trusted here"
    assert view.marks == ["Issued by Company Root CA, which is not trusted here"]
    assert server.requests == [], "nothing is sent"


def test_a_chain_that_is_trusted(qtbot: QtBot, place: Place, company: Company, server: TlsServer) -> None:
    place.pane.add(company.ca_file, server.url)
    settled(qtbot, place)
    place.pane.look()
    qtbot.waitUntil(lambda: bool(place.pane.findChildren(ChainView)), timeout=PATIENCE)
    (view,) = place.pane.findChildren(ChainView)
    assert view.verdict.text() == "Issued by an authority that is trusted here"
    assert view.marks == []


def test_a_server_that_is_not_there(qtbot: QtBot, place: Place) -> None:
    place.page.open("certificates https://wandb.invalid")
    qtbot.waitUntil(lambda: "wandb.invalid" in place.texts() and place.pane.show_button.isEnabled(), timeout=PATIENCE)
    assert "Server name unknown" in place.texts()


@pytest.mark.parametrize("kind", ["leaf", "key", "expired", "nothing", "missing"])
def test_a_file_that_is_no_ca_can_not_be_accepted(
    qtbot: QtBot, place: Place, company: Company, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "file.pem"
    leaf = company.ca.issue_cert("localhost")
    if kind == "leaf":
        path.write_bytes(leaf.cert_chain_pems[0].bytes())
    elif kind == "key":
        path.write_bytes(leaf.private_key_pem.bytes())
    elif kind == "expired":
        old = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
        path.write_bytes(company.ca.issue_cert("x", not_after=old).cert_chain_pems[0].bytes())
    elif kind == "nothing":
        path.write_text("hello")
    place.pane.look_at([path])
    shown = sheet(qtbot, place)
    assert not shown.accept.isVisibleTo(shown)
    assert shown.refused.text()
    assert inspect(path).refused is not None


def test_an_address_that_is_none_is_told(place: Place) -> None:
    line = place.pane.server.lineEdit()
    assert line is not None
    line.setText("https://")
    line.editingFinished.emit()
    assert "names no host" in place.pane.bad_address.text()
    line.setText("wandb.company.com")
    line.editingFinished.emit()
    assert place.pane.server.url == "https://wandb.company.com"
    assert not place.pane.bad_address.isVisibleTo(place.pane)


def test_relaxed_rules_and_a_client_certificate_for_one_server(
    qtbot: QtBot, place: Place, company: Company, server: TlsServer, tmp_path: Path
) -> None:
    rules = place.pane.rules
    rules.relaxed.click()
    qtbot.waitUntil(lambda: bool(place.engine.settings.per_server), timeout=PATIENCE)
    assert place.engine.settings.per_server[0].relaxed_form
    rules.certificate.setText(str(tmp_path / "no-such-file.pem"))
    rules.apply.click()
    qtbot.waitUntil(lambda: "no-such-file" in rules.error.text().replace("\u200b", ""), timeout=PATIENCE)
    assert not place.engine.settings.per_server[0].client_certificate
    mine = tmp_path / "me.pem"
    company.ca.issue_cert("me@company.example").private_key_and_cert_chain_pem.write_to_path(str(mine))
    rules.certificate.setText(str(mine))
    rules.apply.click()
    qtbot.waitUntil(lambda: place.engine.settings.per_server[0].client_certificate == str(mine), timeout=PATIENCE)
    settled(qtbot, place)
    assert not rules.error.isVisibleTo(rules)
    rules.forget.click()
    qtbot.waitUntil(lambda: place.engine.settings.per_server[0].client_certificate == "", timeout=PATIENCE)


def test_the_environment_for_wandb(qtbot: QtBot, place: Place, company: Company) -> None:
    place.pane.copy_button.click()
    settled(qtbot, place)
    assert place.shell.toasts == ["wandb needs nothing: the system's store is in use"]
    place.pane.add(company.ca_file, "")
    settled(qtbot, place)
    place.pane.copy_button.click()
    settled(qtbot, place)
    lines = QApplication.clipboard().text().splitlines()
    assert [one.partition("=")[0] for one in lines] == ["export SSL_CERT_FILE", "export REQUESTS_CA_BUNDLE"]
    bundle = Path(lines[0].partition("=")[2])
    assert company.ca.cert_pem.bytes().decode().strip() in bundle.read_text()
    place.pane._remove(place_kept(place))
    settled(qtbot, place)
    assert not bundle.exists(), "what is not trusted any more does not stay in wandb's bundle"


def place_kept(place: Place):  # type: ignore[no-untyped-def]
    from runferry.engine.company_certificates import kept

    (one,) = kept(place.engine.settings)
    return one


def test_sources_that_are_ignored_say_why(qtbot: QtBot, place: Place, company: Company) -> None:
    place.engine.environ["SSL_CERT_FILE"] = str(company.ca_file)
    place.engine.environ["REQUESTS_CA_BUNDLE"] = str(company.ca_file)
    place.pane.refresh()
    qtbot.waitUntil(lambda: "ignored: SSL_CERT_FILE comes first" in place.texts(), timeout=PATIENCE)
    assert "ignored: replaced by SSL_CERT_FILE" in place.texts()


def test_names_and_dates_of_certificates(company: Company) -> None:
    (one,) = inspect(company.ca_file).found
    assert common_name(one.subject) == "Company Root CA"
    assert common_name("CN=Root,O=Org") == "Root"
    assert common_name("") == "(no subject)"
    end = one.not_after
    assert validity(one, end + datetime.timedelta(days=1))[0].startswith("expired on")
    assert validity(one, end - datetime.timedelta(days=5))[0].startswith("only until")
    assert validity(one, end - datetime.timedelta(days=500))[0].startswith("until")
