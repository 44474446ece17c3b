"""A person always has a way in, and is not bothered where there is one. Also: all parts together, without a desktop."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from runferry.desktop.system import way_in
from runferry.desktop.system.reachability import NetworkState
from runferry.desktop.system.surroundings import Surroundings
from runferry.desktop.system.way_in import WayIn


class Tray(QObject):
    """In place of the one that looks for a tray."""

    appeared = Signal()
    gone = Signal()
    is_here = False

    def come(self) -> None:
        self.is_here = True
        self.appeared.emit()

    def go(self) -> None:
        self.is_here = False
        self.gone.emit()


class Scene:
    """A window and a tray."""

    def __init__(self) -> None:
        self.tray = Tray()
        self.is_visible = False
        self.shown = 0
        tray: Any = self.tray
        self.made = WayIn(tray, lambda: self.is_visible, self.bring_up)

    def bring_up(self) -> None:
        self.is_visible = True
        self.shown += 1

    @property
    def waits(self) -> bool:
        return self.made._timer.isActive()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, qapp: object) -> Scene:
    monkeypatch.setattr(way_in, "GRACE", 20)
    return Scene()


def test_a_start_by_a_person_shows_the_window(scene: Scene) -> None:
    scene.made.start(hidden=False)
    assert scene.shown == 1


def test_a_hidden_start_with_a_tray_stays_hidden(scene: Scene) -> None:
    scene.tray.is_here = True
    scene.made.start(hidden=True)
    assert (scene.shown, scene.waits) == (0, False)


def test_a_hidden_start_without_a_tray_comes_up_after_a_while(scene: Scene, qtbot: QtBot) -> None:
    scene.made.start(hidden=True)
    assert scene.shown == 0
    qtbot.waitUntil(lambda: scene.shown == 1)


def test_a_tray_that_comes_late_is_waited_for(scene: Scene) -> None:
    scene.made.start(hidden=True)
    assert scene.waits
    scene.tray.come()
    assert (scene.shown, scene.waits) == (0, False)


def test_a_tray_that_goes_brings_the_window_up(scene: Scene, qtbot: QtBot) -> None:
    scene.tray.is_here = True
    scene.made.start(hidden=True)
    scene.tray.go()
    scene.tray.come()  # the panel was started anew
    assert not scene.waits
    scene.tray.go()
    qtbot.waitUntil(lambda: scene.shown == 1)


def test_a_window_that_is_open_is_left_alone(scene: Scene, qtbot: QtBot) -> None:
    scene.made.start(hidden=False)
    scene.tray.come()
    scene.tray.go()
    qtbot.waitUntil(lambda: not scene.waits)
    assert scene.shown == 1
    scene.made.stop()


def test_all_parts_start_and_stop_without_a_desktop(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    for name in ("SESSION", "SYSTEM"):
        monkeypatch.setenv(f"DBUS_{name}_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    made = Surroundings()
    told: list[int] = []
    made.try_now.connect(lambda: told.append(1))
    made.start()
    try:
        assert not made.tray.is_here
        qtbot.waitUntil(lambda: made.network.state.note != "Not asked yet.")
        made.wake.woke.emit()
        assert len(told) == 1
        made._before = NetworkState(True)
        for state, number in ((NetworkState(True), 1), (NetworkState(False), 1), (NetworkState(True), 2)):
            made._take_network(state)
            assert len(told) == number
    finally:
        made.stop()
