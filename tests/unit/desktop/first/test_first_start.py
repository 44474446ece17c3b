"""The first start: nothing counts before the last step, nothing that was found is used unasked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from runferry.desktop.first.sheet import FirstStart
from runferry.desktop.first.starting import DONE, Starting
from runferry.desktop.system.autostart import AutostartState
from runferry.status import SyncState

PATIENCE = 60_000  # milliseconds
KEY = "k" * 40


class Login:
    """A system's way of starting programs at login."""

    def __init__(self) -> None:
        self.is_on = False

    def state(self) -> AutostartState:
        return AutostartState(self.is_on)

    def enable(self) -> None:
        self.is_on = True

    def disable(self) -> None:
        self.is_on = False


class Begun:
    """The first start in its window."""

    def __init__(self, desk: Any, qtbot: QtBot) -> None:
        self.desk, self.qtbot, self.login = desk, qtbot, Login()
        self.starting = Starting(desk.context, desk.window, self.login)
        desk.window.sheets.closed.connect(self.starting.closed)
        desk.window.show()

    @property
    def sheet(self) -> FirstStart:
        assert self.starting.sheet is not None
        return self.starting.sheet

    def begin(self) -> FirstStart:
        self.starting.begin()
        self.settle()
        return self.sheet

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.desk.context.tasks.open == 0, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is the test's own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def begun(make_desk: Callable[..., Any], qtbot: QtBot) -> Iterator[Begun]:
    made = Begun(make_desk(), qtbot)
    yield made
    made.starting.stop()


def put_runs(folder: Path, number: int = 2) -> Path:
    for one in range(number):
        (folder / f"offline-run-20261101_1200{one:02}-abcdef{one:02}").mkdir(parents=True)
    return folder


def test_folders_are_offered_and_what_is_chosen_is_watched(begun: Begun, elsewhere: Path, tmp_path: Path) -> None:
    found = put_runs(elsewhere / "wandb")
    other = tmp_path / "other"
    other.mkdir()
    sheet = begun.begin()
    assert sheet.folders.chosen() == [found], "the only one"
    sheet.folders.add([other, tmp_path / "gone"])
    assert sheet.folders.chosen() == [found, other]
    assert sheet.next.text() == "Next"
    sheet.go_on()
    sheet.go_on()
    assert sheet.holds_work
    assert sheet.end.sentence.text() == "2 folders will be watched; runs go to this computer."
    sheet.end.save_code.setChecked(True)
    sheet.end.at_login.setChecked(True)
    assert not begun.desk.engine.settings.folders, "nothing counts before the last step"
    sheet.go_on()
    begun.settle()
    settings = begun.desk.engine.settings
    assert [one.path for one in settings.folders] == [str(found), str(other)]
    assert (settings.server, settings.save_code, begun.login.is_on) == ("local", True, True)
    assert all(one.added > 0 for one in settings.folders), "what is there already waits until somebody asks"
    assert sheet.done.question.text() == "Watching 2 folders"
    assert not sheet.holds_work
    assert sheet.next.text() == "Close"


def test_not_now_is_remembered(begun: Begun, qtbot: QtBot) -> None:
    begun.begin()
    begun.desk.window.close_sheet()
    assert begun.starting.sheet is None
    assert begun.desk.context.memory.get(DONE, False)
    begun.starting.begin()
    assert begun.starting.sheet is None
    begun.starting.show()
    begun.settle()
    assert begun.starting.sheet is not None, "by hand it can always be opened"
    assert not begun.desk.engine.settings.folders


def test_who_watches_a_folder_is_not_asked(make_desk: Callable[..., Any], qtbot: QtBot, elsewhere: Path) -> None:
    begun = Begun(make_desk(folders=[{"path": str(elsewhere)}]), qtbot)
    begun.starting.begin()
    assert begun.starting.sheet is None


def test_a_key_that_was_found_is_offered_and_not_used(make_desk: Callable[..., Any], qtbot: QtBot) -> None:
    begun = Begun(make_desk(environ={"WANDB_API_KEY": KEY}), qtbot)
    sheet = begun.begin()
    sheet.show_step(1)
    assert "A key was found (WANDB_API_KEY). It is used only if you choose this." in sheet.server.cloud.note.text()
    assert sheet.plan().server == "local"
    assert not sheet.server.cloud_key.isVisible()
    sheet.server.cloud.choice.setChecked(True)
    begun.settle()
    assert sheet.plan().server == "https://api.wandb.ai"
    assert sheet.server.cloud_key.isVisible()
    assert sheet.server.cloud.choice.text() == "W&&B cloud"


def test_a_company_server_needs_an_address(begun: Begun, qtbot: QtBot) -> None:
    sheet = begun.begin()
    sheet.show_step(1)
    sheet.server.company.choice.setChecked(True)
    assert not sheet.next.isEnabled()
    sheet.server.address.setText("wandb.example.com")
    sheet.server.take_address()
    assert "Did you mean https://wandb.example.com" in sheet.server.error.text()
    assert not sheet.next.isEnabled()
    qtbot.keyClicks(sheet.server.address, "")
    sheet.server.address.setText("https://WANDB.example.com/")
    qtbot.keyClick(sheet.server.address, Qt.Key.Key_Tab)
    sheet.server.take_address()
    begun.settle()
    assert sheet.next.isEnabled()
    assert sheet.plan().server == "https://wandb.example.com"
    assert sheet.server.company_key is not None
    assert sheet.server.company_key.isVisible()


def test_certificates_are_reached_and_the_choice_is_kept(
    begun: Begun, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    went: list[tuple[str, str]] = []
    monkeypatch.setattr(begun.desk.window, "go", lambda *where: went.append(where))
    sheet = begun.begin()
    sheet.folders.add([elsewhere])
    sheet.show_step(1)
    sheet.server.company.choice.setChecked(True)
    sheet.server.address.setText("https://wandb.example.com")
    sheet.server._show_certificates()
    begun.settle()
    assert went == [("settings", "certificates https://wandb.example.com")]
    assert begun.desk.engine.settings.server == "https://wandb.example.com"
    assert [one.path for one in begun.desk.engine.settings.folders] == [str(elsewhere)]


def test_a_folder_that_cannot_be_watched_is_told(begun: Begun, tmp_path: Path) -> None:
    sheet = begun.begin()
    folder = tmp_path / "short-lived"
    folder.mkdir()
    sheet.folders.add([folder])
    folder.rmdir()
    sheet.show_step(2)
    sheet.go_on()
    begun.settle()
    assert "No such folder" in sheet.done.trouble.text()
    assert sheet.done.trouble.isVisible()


def test_back_and_forth_with_keys(begun: Begun, qtbot: QtBot) -> None:
    sheet = begun.begin()
    assert sheet.next.text() == "Without a folder"
    qtbot.keyClick(sheet.next, Qt.Key.Key_Space)
    assert sheet.current == 1
    qtbot.keyClick(sheet.back, Qt.Key.Key_Space)
    assert sheet.current == 0
    assert not sheet.back.isVisible()


def test_a_sample_run_arrives(make_desk: Callable[..., Any], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk(server="local")
    desk.engine.watching.begin()
    begun = Begun(desk, qtbot)
    went: list[tuple[str, ...]] = []
    monkeypatch.setattr(desk.window, "go", lambda *where: went.append(where))
    begun.starting.show()
    begun.settle()
    begun.sheet.done.sample.click()

    def verified() -> bool:
        return [one.state for one in desk.context.bridge.runs.values()] == [SyncState.VERIFIED]

    qtbot.waitUntil(verified, timeout=PATIENCE)
    (run,) = desk.context.bridge.runs.values()
    assert run.rows == 300
    assert went == [("runs",), ("runs", run.key)]
    qtbot.waitUntil(lambda: begun.starting.training is None, timeout=PATIENCE)
    begun.starting.stop()


def test_the_sample_ends_with_the_app(make_desk: Callable[..., Any], qtbot: QtBot) -> None:
    begun = Begun(make_desk(), qtbot)
    begun.starting.record_sample()
    qtbot.waitUntil(lambda: begun.starting.training is not None, timeout=PATIENCE)
    training = begun.starting.training
    begun.starting.record_sample()  # one is enough
    assert begun.starting.training is training
    begun.starting.stop()
    assert begun.starting.training is None
