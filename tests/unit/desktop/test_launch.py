"""The whole app around a real engine, without a tray: it starts, listens, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from tests.unit.desktop.conftest import free_port

from runferry.desktop.launch import DesktopApp, _interruptible, application
from runferry.desktop.memory import Memory
from runferry.desktop.parts.drop_target import DropTarget
from runferry.desktop.settings.panes import PANES
from runferry.desktop.system.grouping import Note
from runferry.desktop.system.news import NewsKind
from runferry.desktop.system.reachability import NetworkState
from runferry.engine.engine import Engine
from runferry.events import Event
from runferry.paths import Home
from runferry.settings import Settings


@pytest.fixture
def engine(home: Home) -> Iterator[Engine]:
    settings = Settings.load(home.settings_file, {}).changed(local_server_port=free_port())
    with Engine(home, settings, {}) as started:
        yield started


@pytest.fixture
def ended(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes with which the app wanted to end: the tests' own application must go on."""
    codes: list[int] = []
    monkeypatch.setattr(qapp, "exit", codes.append)
    return codes


@pytest.fixture
def app(qtbot: QtBot, qapp: QApplication, engine: Engine, ended: list[int]) -> Iterator[DesktopApp]:
    made = DesktopApp(qapp, engine)
    made.start()
    qtbot.waitUntil(lambda: made.window.summary is not None, timeout=10_000)
    yield made
    made.stop()


def test_it_starts_with_its_window_and_a_sentence(app: DesktopApp) -> None:
    assert app.window.isVisible()
    assert app.window.current == "runs"
    assert app.menu.status.text() == app.window.summary.sentence
    app.window.close_sheet()
    for page in ("network", "settings", "runs"):
        app.window.go(page)
        assert app.window.current == page


def test_files_can_be_dropped_anywhere(app: DesktopApp) -> None:
    """A field that takes a drop would show its path as text, and nothing would be synced."""
    app.window.close_sheet()
    for page in ("network", "settings", "runs"):
        app.window.go(page)
    for pane in PANES:
        app.window.go("settings", pane.name)
    takers = {type(one) for one in app.window.findChildren(QWidget) if one.acceptDrops()}
    assert takers <= {DropTarget}, takers


def test_another_start_raises_the_window(qtbot: QtBot, app: DesktopApp, engine: Engine) -> None:
    app.window.hide()
    engine.bus.publish(Event("show"))
    qtbot.waitUntil(app.window.isVisible, timeout=5000)


def test_another_process_can_have_the_sheet_opened(
    qtbot: QtBot, app: DesktopApp, engine: Engine, tmp_path: Path
) -> None:
    engine.bus.publish(Event("add", json.dumps([str(tmp_path)])))
    qtbot.waitUntil(lambda: app.adding.sheet is not None, timeout=5000)
    app.window.close_sheet()


def test_quit_ends_the_app(qtbot: QtBot, app: DesktopApp, engine: Engine, ended: list[int]) -> None:
    engine.bus.publish(Event("quit"))
    qtbot.waitUntil(lambda: ended == [0], timeout=5000)


def test_without_a_tray_the_title_bar_ends_it(qtbot: QtBot, app: DesktopApp, ended: list[int]) -> None:
    app.window.close()
    qtbot.waitUntil(lambda: ended == [0], timeout=5000)


def test_an_end_that_is_asked_for_before_the_loop_runs_is_not_forgotten(qapp: QApplication, engine: Engine) -> None:
    """SIGTERM while the app still starts."""
    made = DesktopApp(qapp, engine)
    made.start()
    made.quit()
    late = QTimer(singleShot=True, interval=20_000)
    late.timeout.connect(lambda: qapp.exit(7))
    late.start()
    try:
        assert qapp.exec() == 0
    finally:
        late.stop()
        made.stop()


def test_with_a_tray_the_title_bar_hides_it_and_says_so_once(
    app: DesktopApp, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(type(app.tray), "is_there", property(lambda self: True))
    monkeypatch.setattr(app.tray, "message", lambda title, text: bool(told.append(text)) or True)
    for _ in range(2):
        app.window.bring_up()
        app.window.close()
        assert not app.window.isVisible()
    assert ended == []
    assert len(told) == 1


def test_a_click_on_the_trays_message_shows_what_it_was_about(app: DesktopApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no daemon takes notifications, the tray icon's message is the only one there is."""
    note = Note(NewsKind.ATTENTION, "A server needs you", "", ("https://a.example",))
    monkeypatch.setattr(app.notifier, "_bus", None)
    monkeypatch.setattr(app.notifier, "_fallback", lambda title, text: True)
    monkeypatch.setitem(app.notifications._shown, note.kind, note)
    app.notifier.show(note)
    app.window.close_sheet()
    app.window.hide()
    app.tray.message_clicked.emit()
    assert app.window.isVisible()
    assert app.window.current == "problems"
    app.window.go("network")
    monkeypatch.setattr(type(app.tray), "is_there", property(lambda self: True))
    app.window.close()  # the app says that it goes on in the tray: that message leads back to the window as it was
    assert not app.window.isVisible()
    app.tray.message_clicked.emit()
    assert app.window.isVisible()
    assert app.window.current == "network"


def test_what_the_system_says_of_the_network_reaches_the_engine(qtbot: QtBot, app: DesktopApp, engine: Engine) -> None:
    engine.change_settings(metered="pause")
    app.surroundings.network._set(NetworkState(True, is_metered=True))
    qtbot.waitUntil(lambda: engine.metered.is_holding, timeout=5000)
    app.surroundings.network._set(NetworkState(True, is_metered=False))
    qtbot.waitUntil(lambda: not engine.metered.is_holding, timeout=5000)


def test_the_icon_shows_and_hides_the_window(qtbot: QtBot, app: DesktopApp) -> None:
    qtbot.waitActive(app.window)
    app.toggle()
    assert not app.window.isVisible()
    app.toggle()
    assert app.window.isVisible()


def test_what_the_window_remembers_is_written_at_the_end(
    qtbot: QtBot, qapp: QApplication, engine: Engine, ended: list[int]
) -> None:
    made = DesktopApp(qapp, engine)
    made.start()
    qtbot.waitUntil(lambda: made.window.summary is not None, timeout=10_000)
    made.stop()
    assert Memory(engine.home.state / "window.json").get("columns", "")


def test_signals_of_the_system_end_it(qtbot: QtBot) -> None:
    ended: list[int] = []
    before = signal.getsignal(signal.SIGTERM)
    release = _interruptible(lambda: ended.append(1))
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        qtbot.waitUntil(lambda: ended == [1], timeout=5000)
    finally:
        release()
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_application_is_named_for_the_desktop(qapp: QApplication, tmp_path: Path) -> None:
    assert application() is qapp
    assert qapp.desktopFileName() == "runferry"
    assert not qapp.windowIcon().isNull()
    assert not qapp.quitOnLastWindowClosed()
