"""Notifications on a real session bus: they arrive, are replaced, taken away, and their button comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication

from desktop.rig.desktop import Desktop, Wanted
from desktop.rig.part import Talker, until
from runferry.desktop.system.bus import Bus, Peer, Which
from runferry.desktop.system.grouping import Note
from runferry.desktop.system.news import NewsKind
from runferry.desktop.system.notifier import DAEMON, Arrival, Notifier


class Heard:
    """Collects what the notifier says, while Qt's loop turns."""

    def __init__(self, notifier: Notifier) -> None:
        self.arrivals: list[tuple[Arrival, str]] = []
        self.chosen: list[tuple[NewsKind, str]] = []
        self.gone: list[NewsKind] = []
        notifier.delivered.connect(lambda arrival, why: self.arrivals.append((arrival, why)))
        notifier.chosen.connect(lambda kind, token: self.chosen.append((kind, token)))
        notifier.gone.connect(self.gone.append)


def turned(condition: Any, what: str) -> Any:
    """Wait, with Qt's loop turning."""

    def look() -> Any:
        QCoreApplication.processEvents()
        return condition()

    return until(look, what)


@pytest.fixture
def bus(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """This process on the desktop's bus."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.environ["DBUS_SESSION_BUS_ADDRESS"])
    made = Bus(again=0.05)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def notifier(bus: Bus, qapp: object) -> Notifier:
    made = Notifier(bus)
    made.start()
    return made


def note(title: str, kind: NewsKind = NewsKind.FINISHED, **more: Any) -> Note:
    return Note(kind, title, "step 12 < 13", ("k1",), **more)


def wait_for(daemon: Talker, title: str) -> dict[str, Any]:
    """The notification with this title, as the daemon got it."""
    return daemon.wait_for("notification", lambda told: told["summary"] == title)


def test_it_arrives_with_its_parts(desktop: Desktop, notifier: Notifier) -> None:
    heard = Heard(notifier)
    notifier.show(note("one finished"))
    turned(lambda: heard.arrivals, "the daemon answered")
    assert heard.arrivals == [(Arrival.ARRIVED, "")]
    told = wait_for(desktop.services, "one finished")
    assert (told["app"], told["body"], told["actions"]) == ("Runferry", "step 12 < 13", ["default", "Show"])
    assert told["hints"] == {"urgency": 1, "desktop-entry": "runferry"}
    assert told["icon"].startswith("file:///")
    assert told["icon"].endswith("/runferry.svg")


def test_its_button_comes_back(desktop: Desktop, notifier: Notifier) -> None:
    heard = Heard(notifier)
    notifier.show(note("two finished"))
    turned(lambda: heard.arrivals, "the daemon answered")
    number = wait_for(desktop.services, "two finished")["id"]
    desktop.services.tell(f"press {number + 1000} default")  # somebody else's
    desktop.services.tell(f"press {number} default")
    turned(lambda: heard.gone, "it was pressed and closed")
    assert heard.chosen == [(NewsKind.FINISHED, "")]
    assert heard.gone == [NewsKind.FINISHED]


def test_an_update_takes_its_place(desktop: Desktop, notifier: Notifier) -> None:
    heard = Heard(notifier)
    notifier.show(note("three finished"))
    turned(lambda: heard.arrivals, "the daemon answered")
    notifier.show(note("3 runs finished", is_update=True))
    turned(lambda: len(heard.arrivals) == 2, "the daemon answered again")
    first, second = wait_for(desktop.services, "three finished"), wait_for(desktop.services, "3 runs finished")
    assert second["replaced"] == first["id"]
    notifier.show(note("another finished"))
    turned(lambda: len(heard.arrivals) == 3, "the daemon answered again")
    assert wait_for(desktop.services, "another finished")["replaced"] == 0


def test_it_is_taken_away_when_all_is_well(desktop: Desktop, notifier: Notifier) -> None:
    heard = Heard(notifier)
    notifier.show(note("needs you", NewsKind.ATTENTION))
    turned(lambda: heard.arrivals, "the daemon answered")
    number = wait_for(desktop.services, "needs you")["id"]
    notifier.withdraw(NewsKind.ATTENTION)
    desktop.services.wait_for("notification-closed", lambda told: told["id"] == number)


def test_without_a_daemon_it_says_so_and_the_tray_is_asked(
    bare_desktop: Desktop, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bare_desktop.environ["DBUS_SESSION_BUS_ADDRESS"])
    shown: list[str] = []
    bus = Bus()
    bus.start()
    try:
        for fallback, arrival in ((lambda *_: False, Arrival.NOWHERE), (_keep(shown), Arrival.HANDED_OVER)):
            notifier = Notifier(bus, fallback)
            heard = Heard(notifier)
            notifier.show(note("nobody listens"))
            turned(lambda heard=heard: heard.arrivals, "it is known that nobody listens")
            assert heard.arrivals[0][0] is arrival
            assert "Notifications" in heard.arrivals[0][1]
    finally:
        bus.stop()
    assert shown == ["nobody listens"]


def _keep(shown: list[str]) -> Any:
    def show(title: str, text: str) -> bool:
        shown.append(title)
        return True

    return show


def test_a_daemon_that_hangs_is_given_up(desktop: Desktop, bus: Bus) -> None:
    """A program that has a name and answers nothing."""
    silent = Peer("org.runferry.Silent", "/", "org.runferry.Silent")
    other = Talker("silent", [sys.executable, "-c", SILENT], desktop.environ, desktop.folder)
    other.start()
    try:
        other.wait_for("up")
        assert bus.ask(silent, "Anything", timeout=0.3).error == "org.runferry.Silent does not answer"
        assert bus.ask(DAEMON, "GetServerInformation").body[0] == "fake"
    finally:
        other.stop()


SILENT = """
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
connection = open_dbus_connection("SESSION")
connection.send_and_get_reply(message_bus.RequestName("org.runferry.Silent"))
print('{"event": "up"}', flush=True)
input()
"""


def test_a_bus_that_is_lost_and_comes_back_is_listened_to_again(monkeypatch: pytest.MonkeyPatch, qapp: object) -> None:
    bus = Bus(Which.SYSTEM, again=0.05)
    heard: list[Any] = []
    login = Peer("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    bus.start()
    try:
        bus.listen(login, "PrepareForSleep", heard.append)
        assert "no system bus" in bus.ask(login, "Anything").error
        for _ in range(2):
            with Desktop(Wanted("none", False, False, False, True)) as made:
                monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", made.environ["DBUS_SYSTEM_BUS_ADDRESS"])
                heard.clear()

                def told(services: Talker = made.services) -> bool:
                    services.tell("sleep")
                    return bool(heard)

                until(told, "the signal is heard")
                assert heard[0] == (True,)
    finally:
        bus.stop()
