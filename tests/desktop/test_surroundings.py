"""The product's parts that look at the desktop, in a process of their own: tray, sleep, network."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.rig.desktop import Desktop, Wanted
from desktop.rig.part import Talker, until

RIG = Path(__file__).resolve().parent / "rig"
BARE = Wanted("none", False, False, False, True, has_network=True)


@pytest.fixture(scope="module")
def empty() -> Iterator[Desktop]:
    """A desktop without a tray; with a NetworkManager and a login service."""
    with Desktop(BARE) as made:
        yield made


@pytest.fixture
def watching(empty: Desktop) -> Iterator[Callable[[], Talker]]:
    """Starts the program that watches."""
    started: list[Talker] = []

    def start() -> Talker:
        made = Talker("watching", [sys.executable, str(RIG / "watching.py")], empty.environ, empty.folder)
        made.log.unlink(missing_ok=True)
        made.start()
        started.append(made)
        made.wait_for("ready")
        return made

    yield start
    for one in started:
        one.stop()
        assert [line for line in one.text().splitlines() if not line.startswith("{")] == []  # no warning of Qt's


def count(program: Talker, kind: str, number: int) -> None:
    """Wait until something was told so often."""
    program.wait_for(kind, lambda _: len(program.events(kind)) >= number)


@pytest.mark.parametrize(("kind", "times"), [("sni", 2), ("xembed", 1)])  # the old kind is only looked for every 2 s
def test_a_tray_comes_and_goes(empty: Desktop, watching: Callable[[], Talker], kind: str, times: int) -> None:
    program = watching()
    assert not program.events("ready")[0]["tray"]
    for number in range(1, times + 1):
        empty.start_tray(kind)
        try:
            count(program, "appeared", number)
            if kind == "sni":
                empty.tray.wait_for("item")
                assert [one["label"] for one in empty.tray.ask("menu", "menu")["items"]] == ["Open"]
        finally:
            empty.stop_tray()
        count(program, "gone", number)


def test_waking_is_told_once(empty: Desktop, watching: Callable[[], Talker]) -> None:
    program = watching()
    empty.services.ask("sleep", "sleep")

    def woken() -> bool:
        empty.services.ask("wake", "wake")  # again: who has just started may not listen yet
        return bool(program.events("woke"))

    until(woken, "waking is told")
    empty.services.ask("wake", "wake")
    program.process.terminate()
    program.wait_for("over")
    assert len(program.events("woke")) == 1


def test_the_network_goes_comes_and_costs_money(empty: Desktop, watching: Callable[[], Talker]) -> None:
    program = watching()
    first = program.wait_for("reach")
    assert (first["source"], first["is_online"], first["is_metered"]) == ("networkmanager", True, False)
    empty.services.ask("network offline", "network")
    program.wait_for("reach", lambda told: told["is_online"] is False)
    empty.services.ask("network metered", "network")
    program.wait_for("reach", lambda told: told["is_online"] and told["is_metered"])
    empty.services.ask("network online", "network")


def test_a_network_manager_that_hangs_holds_up_nothing(bare_desktop: Desktop) -> None:
    hanging = Talker("hanging", [sys.executable, "-c", HANGING], bare_desktop.environ, bare_desktop.folder)
    program = Talker("watching", [sys.executable, str(RIG / "watching.py")], bare_desktop.environ, bare_desktop.folder)
    try:
        hanging.start()
        hanging.wait_for("up")
        program.start()
        assert program.wait_for("reach")["note"] == "The system's NetworkManager does not answer."
    finally:
        program.stop()
        hanging.stop()


HANGING = """
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
connection = open_dbus_connection("SYSTEM")
connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.NetworkManager"))
print('{"event": "up"}', flush=True)
input()
"""
