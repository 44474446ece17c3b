"""The other panes: folders on a real engine, servers and keys, the proxy and its password, storage, support file."""

from __future__ import annotations

import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from runferry.credentials import keychain
from runferry.desktop.bridge import Update
from runferry.desktop.cleaning.sheet import CleaningSheet
from runferry.desktop.context import Context
from runferry.desktop.parts.labels import Label
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.folders_pane import FoldersPane
from runferry.desktop.settings.general_pane import GeneralPane
from runferry.desktop.settings.page import SettingsPage
from runferry.desktop.settings.pane import PaneKind
from runferry.desktop.settings.panes import PANES
from runferry.desktop.settings.servers_pane import ServersPane
from runferry.desktop.settings.storage_pane import StoragePane
from runferry.desktop.summary import totals
from runferry.desktop.system.autostart.state import AutostartState
from runferry.engine.engine import Engine
from runferry.engine.support_file import redacted
from runferry.errors import NeedsUser
from runferry.logs import secrets
from runferry.paths import find_home
from runferry.settings import FolderMode, Settings
from runferry.status import FolderStatus
from support.pages import NotedShell, surroundings, update
from support.raw_server import RawServer, reply
from support.scripted import a_run

PATIENCE = 15_000  # milliseconds
KEY = "k" * 40
VIEWER = b'{"data": {"viewer": {"id": "1", "username": "me", "entity": "team"}}}'


class Ring(KeyringBackend):
    """Keeps secrets in memory."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    made = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


@pytest.fixture
def engine() -> Iterator[Engine]:
    home = find_home()
    with Engine(home, Settings.load(home.settings_file, {}), {}) as made:
        yield made


@pytest.fixture
def place(qtbot: QtBot, engine: Engine) -> Iterator[tuple[Context, NotedShell, SettingsPage]]:
    with surroundings(engine) as (context, _, shell):
        page = SettingsPage(context)
        qtbot.addWidget(page)
        page.resize(800, 700)
        page.show()
        page.take(update())
        yield context, shell, page
        qtbot.waitUntil(lambda: context.tasks.open == 0, timeout=PATIENCE)


def said(widget: Any) -> str:
    return "\n".join(one.text() for one in widget.findChildren(Label) if one.isVisibleTo(widget)).replace("\u200b", "")


# -- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_added_changed_and_removed_without_a_restart(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine, tmp_path: Path
) -> None:
    _, shell, page = place
    page.open("folders")
    pane = page.pane("folders")
    assert isinstance(pane, FoldersPane)
    pane.add([tmp_path])
    qtbot.waitUntil(lambda: str(tmp_path) in pane.cards, timeout=PATIENCE)
    (folder,) = engine.settings.folders
    assert folder.added > 0, "what is over there already waits until somebody asks"
    card = pane.cards[str(tmp_path)]
    assert not [one for one in card.findChildren(QLineEdit) if one.acceptDrops()], "files are for the window"
    card.more.click()
    box = card.fields["mode"].control.widget
    box.setCurrentIndex(2)
    box.activated.emit(2)
    qtbot.waitUntil(lambda: engine.settings.folders[0].mode is FolderMode.ASK, timeout=PATIENCE)
    line = card.fields["exclude"].control.widget
    line.setText("old*, tmp/??")
    line.editingFinished.emit()
    qtbot.waitUntil(lambda: engine.settings.folders[0].exclude == ("old*", "tmp/??"), timeout=PATIENCE)
    steps = card.fields["min_steps"].control.widget
    steps.setText("-3")
    steps.editingFinished.emit()
    assert "less than 0" in card.fields["min_steps"].error.text()
    card.remove.click()
    qtbot.waitUntil(lambda: not engine.settings.folders, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not pane.cards, timeout=PATIENCE)
    assert "not watched any more" in shell.toasts[-1]


def test_what_is_no_folder_is_told(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], tmp_path: Path
) -> None:
    _, shell, page = place
    pane = page.pane("folders")
    assert isinstance(pane, FoldersPane)
    pane.add([tmp_path / "missing"])
    qtbot.waitUntil(lambda: bool(shell.errors), timeout=PATIENCE)
    assert shell.errors[0].slug == "no-folder"


def test_how_a_folder_is_watched_and_why(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine, tmp_path: Path
) -> None:
    page = place[2]
    engine.add_folder(tmp_path)
    page.open("folders")
    pane = page.pane("folders")
    assert isinstance(pane, FoldersPane)
    card = pane.cards[str(tmp_path)]
    page.take(update(folders=(FolderStatus(str(tmp_path), "local", "polling", "it is a network drive", 2, held=1),)))
    assert card.how.text() == (
        "2 runs · looked at every few seconds, since it is a network drive · 1 waits until you ask"
    )
    broken = {"title": "Gone", "message": "The folder is gone.", "todo": "Make it again."}
    page.take(update(folders=(FolderStatus(str(tmp_path), "local", "notifications", problem=broken),)))
    assert "Gone. The folder is gone. Make it again." in said(card)


# -- servers and keys -------------------------------------------------------------------------------------------------


@pytest.fixture
def company() -> Iterator[RawServer]:
    def answer(request: bytes) -> bytes:
        import base64

        mine = base64.b64encode(f"api:{KEY}".encode())
        return reply(200, VIEWER) if mine in request else reply(401, b'{"errors": []}')

    with RawServer(answer) as made:
        yield made


def servers_pane(page: SettingsPage) -> ServersPane:
    page.open("servers")
    found = page.pane("servers")
    assert isinstance(found, ServersPane)
    return found


def test_a_key_goes_to_the_keyring_after_the_server_took_it(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], company: RawServer, ring: Ring
) -> None:
    pane = servers_pane(place[2])
    pane.address.setText(company.url)
    pane.add()
    card = pane.cards[company.url]
    qtbot.waitUntil(lambda: "No key yet." in said(card), timeout=PATIENCE)
    qtbot.waitUntil(lambda: card.keeping.count() > 0, timeout=PATIENCE)
    card.key.setText("x" * 40)
    card.save.click()
    qtbot.waitUntil(lambda: "refused" in card.result.text().lower(), timeout=PATIENCE)
    assert ring.kept == {}, "a key that the server refuses is not kept"
    card.key.setText(KEY)
    card.save.click()
    qtbot.waitUntil(lambda: "me, team team" in card.result.text(), timeout=PATIENCE)
    assert ring.kept == {(keychain.SERVICE, company.url): KEY}
    assert card.key.text() == ""
    assert KEY not in said(pane)
    qtbot.waitUntil(lambda: "in the keyring" in card.source.text(), timeout=PATIENCE)
    card.forget.click()
    qtbot.waitUntil(lambda: ring.kept == {}, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "No key yet." in said(card), timeout=PATIENCE)


def test_without_a_keyring_it_says_so_and_offers_other_places(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], company: RawServer, engine: Engine
) -> None:
    pane = servers_pane(place[2])
    pane.open(company.url)
    card = pane.cards[company.url]
    qtbot.waitUntil(lambda: card.keeping.count() == 2, timeout=PATIENCE)
    assert "no keyring" in pane.keyring_line.text()
    card.keeping.setCurrentIndex(0)
    card.key.setText(KEY)
    card.save.click()
    qtbot.waitUntil(lambda: "keys.json" in card.result.text().replace("\u200b", ""), timeout=PATIENCE)
    path = engine.home.config / "keys.json"
    assert json.loads(path.read_text()) == {company.url: KEY}
    assert path.stat().st_mode & 0o077 == 0
    qtbot.waitUntil(card.test.isEnabled, timeout=PATIENCE)
    card.test.click()
    qtbot.waitUntil(lambda: card.result.text().startswith("It works: me"), timeout=PATIENCE)


def test_the_end_does_not_wait_for_a_server_that_says_nothing(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage]
) -> None:
    context, _, page = place
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pane = servers_pane(page)
        pane.open(f"http://127.0.0.1:{silent.getsockname()[1]}")
        card = next(iter(pane.cards[url] for url in pane.cards if url.endswith(str(silent.getsockname()[1]))))
        qtbot.waitUntil(lambda: card.keeping.count() > 0 and context.tasks.open == 0, timeout=PATIENCE)
        card.key.setText(KEY)
        card.test.click()
        heard, _ = silent.accept()
        with heard:
            assert heard.recv(1000)
            (question,) = [one for one in threading.enumerate() if one.name == "window-question"]
            context.tasks.stop()
            assert question.is_alive()  # the request has a minute to go
    question.join(10)
    assert not question.is_alive()


def test_a_text_that_is_no_key_and_an_address_that_is_none(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], company: RawServer, ring: Ring
) -> None:
    pane = servers_pane(place[2])
    pane.address.setText("ftp://x")
    pane.add()
    assert "cannot be used" in pane.error.text()
    pane.open(company.url)
    card = pane.cards[company.url]
    qtbot.waitUntil(lambda: card.keeping.count() > 0, timeout=PATIENCE)
    card.key.setText("short")
    card.save.click()
    qtbot.waitUntil(lambda: "keys have at least" in card.result.text(), timeout=PATIENCE)
    assert company.requests == []


def test_a_variables_key_comes_first_and_is_not_forgotten_here(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine, company: RawServer
) -> None:
    engine.environ.update(WANDB_API_KEY=KEY, WANDB_BASE_URL=company.url)
    pane = servers_pane(place[2])
    pane.open(company.url)
    card = pane.cards[company.url]
    qtbot.waitUntil(lambda: "WANDB_API_KEY" in card.source.text(), timeout=PATIENCE)
    assert not card.forget.isEnabled()


def test_this_computers_server_is_started_and_stopped(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine
) -> None:
    pane = servers_pane(place[2])
    qtbot.waitUntil(lambda: "Not started yet" in said(pane.local), timeout=PATIENCE)
    pane.local.start.click()
    qtbot.waitUntil(lambda: "Running — http://127.0.0.1:" in said(pane.local), timeout=2 * PATIENCE)
    assert engine.local_server.look().is_running
    assert str(engine.home.store) in said(pane.local)
    pane.local.stop.click()
    qtbot.waitUntil(lambda: "Stopped by you" in said(pane.local), timeout=PATIENCE)
    assert not engine.local_server.look().is_running


# -- the shell --------------------------------------------------------------------------------------------------------


def test_what_the_shell_has_is_looked_for_on_a_click_and_taken_over_on_another(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine, tmp_path: Path
) -> None:
    shell = tmp_path / "shell"
    text = (
        '#!/bin/sh\nexport HTTPS_PROXY=http://proxy.example:3128\nexport SHELL=/bin/sh\nshift\nexec /bin/sh -c "$1"\n'
    )
    shell.write_text(text)
    shell.chmod(0o700)
    engine.environ["SHELL"] = str(shell)
    page = place[2]
    page.open("certificates")
    panel = page.pane("certificates").shell  # type: ignore[attr-defined]
    assert "HTTPS_PROXY =" not in said(panel)
    panel.look_button.click()
    qtbot.waitUntil(lambda: "HTTPS_PROXY = http://proxy.example:3128" in said(panel), timeout=PATIENCE)
    assert engine.settings.proxy == "system", "looking changes nothing"
    panel.import_button.click()
    qtbot.waitUntil(lambda: engine.settings.proxy == "manual", timeout=PATIENCE)
    assert engine.settings.proxy_url == "http://proxy.example:3128"
    qtbot.waitUntil(lambda: "Imported" in panel.result.text(), timeout=PATIENCE)


# -- the proxy --------------------------------------------------------------------------------------------------------


def test_a_proxy_with_its_password_in_the_keyring(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine, ring: Ring
) -> None:
    page = place[2]
    page.open("network")
    pane = page.pane("network")
    assert not pane.fields["proxy_url"].isVisibleTo(pane)
    box = pane.fields["proxy"].control.widget
    box.setCurrentIndex(box.findData("manual"))
    box.activated.emit(0)
    qtbot.waitUntil(lambda: pane.fields["proxy_url"].isVisibleTo(pane), timeout=PATIENCE)
    line = pane.fields["proxy_url"].control.widget
    line.setText("http://me:secret@proxy.example:3128")
    line.editingFinished.emit()
    assert "No passwords in settings" in pane.fields["proxy_url"].error.text()
    line.setText("http://proxy.example:3128")
    line.editingFinished.emit()
    user = pane.fields["proxy_user"].control.widget
    user.setText("me")
    user.editingFinished.emit()
    qtbot.waitUntil(lambda: pane.password_panel.isVisibleTo(pane), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "through http://" in pane.way.text(), timeout=PATIENCE)
    pane.password.setText("a-long-password")
    qtbot.keyClick(pane.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "a-long-password" in ring.kept.values(), timeout=PATIENCE)
    assert "a-long-password" not in engine.home.settings_file.read_text()
    qtbot.waitUntil(lambda: pane.password.text() == "", timeout=PATIENCE)


# -- general, storage, advanced ---------------------------------------------------------------------------------------


class Login:
    """A system that starts programs at login, or refuses to."""

    def __init__(self, refuses: bool = False) -> None:
        self.is_on, self._refuses = False, refuses

    def state(self) -> AutostartState:
        return AutostartState(self.is_on, "/home/me/.config/autostart/runferry.desktop")

    def enable(self) -> None:
        if self._refuses:
            raise NeedsUser("no-autostart", "It cannot start at login", "The folder is not writable.", "Make it so.")
        self.is_on = True

    def disable(self) -> None:
        self.is_on = False


@pytest.mark.parametrize("refuses", [False, True])
def test_start_at_login_shows_what_the_system_has(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], refuses: bool
) -> None:
    context, shell, _ = place
    kind: PaneKind = PANES[0]
    login = Login(refuses)
    pane = GeneralPane(context, Desk(context), kind, login)
    qtbot.addWidget(pane)
    pane.refresh()
    qtbot.waitUntil(pane.at_login.isEnabled, timeout=PATIENCE)
    pane.at_login.click()
    qtbot.waitUntil(lambda: pane.at_login.isEnabled() and context.tasks.open == 0, timeout=PATIENCE)
    assert pane.at_login.isChecked() is login.is_on is not refuses
    assert [one.slug for one in shell.errors] == (["no-autostart"] if refuses else [])


def test_storage_names_the_folders_and_what_they_take(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine
) -> None:
    engine.home.store.mkdir(parents=True)
    (engine.home.store / "big").write_bytes(b"x" * 2_000_000)
    page = place[2]
    page.open("storage")
    pane = page.pane("storage")
    qtbot.waitUntil(lambda: "2.0 MB" in said(pane), timeout=PATIENCE)
    assert "0 runs verified" in said(pane)


def test_space_is_freed_up_from_the_storage_pane_too(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage]
) -> None:
    context, shell, page = place
    pane = page.pane("storage")
    assert isinstance(pane, StoragePane)
    context.bridge.runs.update(one=a_run(1, path="/elsewhere/run"), two=a_run(2, path="/watched/project/run"))
    overview = update(folders=(FolderStatus("/watched", "", "notifications"),)).overview
    pane.take(Update(overview, totals([a_run(1)])))
    assert pane.free_up.isEnabled()
    pane.free_up.click()
    ((title, sheet),) = shell.sheets
    assert title == "Free up space"
    assert isinstance(sheet, CleaningSheet)
    qtbot.addWidget(sheet)
    assert sheet._roots == [Path("/watched"), Path("/elsewhere/run")]
    qtbot.waitUntil(lambda: not sheet.is_looking, timeout=PATIENCE)


def test_a_support_file_holds_no_secret(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine, tmp_path: Path
) -> None:
    secrets.learn("s3cret-" * 6)
    engine.home.logs.mkdir(parents=True, exist_ok=True)
    home = Path.home()
    (engine.home.logs / "runferry.log").write_text(f"key {'s3cret-' * 6} in {home}/runs\nAuthorization: Bearer {KEY}\n")
    pane = place[2].pane("advanced")
    pane.write(tmp_path / "help.zip")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: bool(place[1].toasts), timeout=PATIENCE)
    with zipfile.ZipFile(tmp_path / "help.zip") as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(found) >= {"about.json", "settings.json", "status.json", "logs/runferry.log"}
    everything = "".join(found.values())
    assert "s3cret" not in everything
    assert KEY not in everything
    assert str(home) not in everything
    assert json.loads(found["settings.json"])["connect_timeout"] == {"value": 10.0, "from": "default"}


def test_redaction_takes_the_persons_name_and_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "alice")
    assert redacted(f"{Path.home()}/x by alice, not malice") == "~/x by <person>, not malice"


# -- the page ---------------------------------------------------------------------------------------------------------


def test_every_pane_opens_and_arrow_keys_go_through_them(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage]
) -> None:
    page = place[2]
    page.open("")
    seen = [page.list.current]
    for _ in PANES[1:]:
        qtbot.keyClick(page.list, Qt.Key.Key_Down)
        seen.append(page.list.current)
    assert seen == [one.name for one in PANES]


def test_a_pane_that_is_chosen_again_stays(place: tuple[Context, NotedShell, SettingsPage]) -> None:
    page = place[2]
    page.open("network")
    for name in ("network", "privacy"):
        actions = QAccessible.queryAccessibleInterface(page.list._buttons[name]).actionInterface()
        actions.doAction(actions.toggleAction())
        assert [one for one, button in page.list._buttons.items() if button.isChecked()] == [name]


def test_a_change_of_the_file_by_another_program_is_shown(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], engine: Engine
) -> None:
    page = place[2]
    page.open("network")
    engine.change_settings(connect_timeout=33.0)
    page.take(update())
    assert page.pane("network").fields["connect_timeout"].control.widget.text() == "33"


@pytest.mark.parametrize("name", [one.name for one in PANES])
def test_no_pane_needs_scrolling_sideways_in_the_smallest_window(
    qtbot: QtBot, place: tuple[Context, NotedShell, SettingsPage], name: str
) -> None:
    context, _, page = place
    page.resize(519, 480)
    page.open(name)
    qtbot.waitUntil(lambda: context.tasks.open == 0, timeout=PATIENCE)
    pane = page.pane(name)
    assert pane.inner.minimumSizeHint().width() <= 519 - page.list.width()
