"""The tray's menu: texts that follow what happens, entries that stay the same objects, and what each asks for."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from runferry.desktop.summary import MOST_LIVE, Mood, Summary
from runferry.desktop.tray.menu import TrayMenu, Wishes, live_text
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, SyncState
from support.scripted import NOW, URL, a_run, an_update

LOCAL = "http://127.0.0.1:8123"


class Asked(list[tuple[Any, ...]]):
    """What the menu asked for."""

    def wishes(self) -> Wishes:
        names = Wishes.__dataclass_fields__
        return Wishes(**{name: lambda *given, name=name: self.append((name, *given)) for name in names})


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def menu(qtbot: QtBot, asked: Asked) -> TrayMenu:
    return TrayMenu(asked.wishes())


def live(number: int, **told: Any) -> RunStatus:
    return a_run(number, **{"run_state": RunState.RUNNING, "state": SyncState.SENT, **told})


def show(menu: TrayMenu, *runs: RunStatus, **more: Any) -> None:
    menu.show_update(an_update(*runs, **more))


def titles(menu: QMenu) -> list[str]:
    return [one.text() for one in menu.actions() if one.isVisible() and not one.isSeparator()]


def entry(menu: QMenu, title: str) -> QAction:
    return next(one for one in menu.actions() if one.text() == title)


def test_the_first_lines_say_how_everything_is(menu: TrayMenu) -> None:
    menu.show_summary(Summary(Mood.UP_TO_DATE, "Up to date", "Up to date — 3 runs live"))
    assert titles(menu.menu)[0] == "Up to date — 3 runs live"
    assert not menu.status.isEnabled()
    assert not menu.retry.isVisible()
    menu.show_summary(Summary(Mood.ATTENTION, "1 problem", "1 problem needs you", "Retrying x — next try in 0:42"))
    assert titles(menu.menu)[:2] == ["1 problem needs you", "Retrying x — next try in 0:42"]
    menu.show_summary(Summary(Mood.RETRYING, "Retrying", "Retrying x", "Retrying x"))
    assert titles(menu.menu)[:2] == ["Retrying x", "Open Runferry"]  # nothing twice


def test_what_there_is_not_is_hidden(menu: TrayMenu) -> None:
    show(menu)
    assert {"Resume syncing", "Local server"}.isdisjoint(titles(menu.menu))
    assert not menu.problems.isVisible()
    assert not menu.live.menuAction().isVisible()
    servers = (ServerStatus(URL, ConnectionState.PAUSED), ServerStatus(LOCAL, ConnectionState.ONLINE))
    show(menu, live(1), a_run(2, state=SyncState.PROBLEM), servers=servers)
    assert {"Resume syncing", "Local server", "1 problem…", "1 live run"} <= set(titles(menu.menu))
    assert titles(menu.local) == ["Running at 127.0.0.1:8123", "Open in the browser"]
    show(menu)
    assert not menu.resume.isVisible()


def test_live_runs_change_their_texts_in_place(menu: TrayMenu, asked: Asked) -> None:
    show(menu, live(1, last_step=12_400, metric="loss 0.231"), live(2, name="other"))
    before = menu.live.actions()
    assert titles(menu.live) == ["run-1   step 12,400   loss 0.231", "other   step 99"]
    show(menu, live(1, last_step=12_401, metric="loss 0.230"), live(2, name="other"))
    assert menu.live.actions() == before
    assert titles(menu.live)[0] == "run-1   step 12,401   loss 0.230"
    show(menu, live(2, name="other"), live(3))
    assert titles(menu.live) == ["run-3   step 99", "other   step 99"]
    submenu = entry(menu.live, "other   step 99").menu()
    assert isinstance(submenu, QMenu)
    entry(submenu, "Open").trigger()
    entry(submenu, "Show in folder").trigger()
    entry(submenu, "Stop…").trigger()
    assert [(what, run.key) for what, run in asked] == [
        ("open_run", "key2"),
        ("show_folder", "key2"),
        ("stop_run", "key2"),
    ]


def test_an_entry_opens_the_run_as_it_is_now(menu: TrayMenu, asked: Asked) -> None:
    show(menu, live(1))
    show(menu, live(1, path="/moved/run"))
    submenu = menu.live.actions()[0].menu()
    assert isinstance(submenu, QMenu)
    entry(submenu, "Show in folder").trigger()
    assert asked[0][1].path == "/moved/run"


def test_a_run_keeps_its_place_while_others_come_and_go(menu: TrayMenu) -> None:
    show(menu, *(live(number) for number in (3, 4, 5)))
    places = {one.text().split()[0]: one for one in menu.live.actions()}
    for number in range(30):
        show(menu, live(4), live(-number))
    assert places["run-4"].text().startswith("run-4 ")
    assert len(menu.live.actions()) == 3
    assert len(titles(menu.live)) == 2


def test_only_the_newest_of_many_live_runs(menu: TrayMenu) -> None:
    show(menu, *(live(number) for number in range(MOST_LIVE + 5)))
    assert len(menu.live.actions()) == MOST_LIVE
    assert menu.live.title() == f"{MOST_LIVE + 5} live runs"
    assert titles(menu.live)[0].startswith("run-0 ")


def test_names_that_are_long_or_hold_ampersands(menu: TrayMenu) -> None:
    assert live_text(a_run(1, name="a & b", last_step=None)) == "a & b"
    assert len(live_text(a_run(1, name="x" * 200))) < 70
    show(menu, live(1, name="R&D"))
    assert titles(menu.live) == ["R&&D   step 99"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("Open Runferry",), ("open",)),
        (("Sync now",), ("sync_now",)),
        (("Pause syncing", "For 30 minutes"), ("pause", "30m")),
        (("Pause syncing", "For 1 hour"), ("pause", "1h")),
        (("Pause syncing", "Until tomorrow"), ("pause", "tomorrow")),
        (("Pause syncing", "Until I resume"), ("pause", "")),
        (("Resume syncing",), ("resume",)),
        (("Snooze notifications", "For 1 hour"), ("snooze", 60.0)),
        (("Snooze notifications", "Notify me again"), ("snooze", 0.0)),
        (("Local server", "Open in the browser"), ("dashboard",)),
        (("Settings…",), ("settings",)),
        (("Quit",), ("quit",)),
    ],
    ids=str,
)
def test_each_entry_asks_for_what_it_says(
    menu: TrayMenu, asked: Asked, path: tuple[str, ...], expected: tuple[Any, ...]
) -> None:
    inner = menu.menu
    for title in path[:-1]:
        found = entry(inner, title).menu()
        assert isinstance(found, QMenu)
        inner = found
    entry(inner, path[-1]).trigger()
    assert asked == [expected]


def test_problems_open_their_page(menu: TrayMenu, asked: Asked) -> None:
    show(menu, a_run(1, state=SyncState.PROBLEM), a_run(2, state=SyncState.PROBLEM, started=NOW))
    entry(menu.menu, "2 problems…").trigger()
    assert asked == [("problems",)]
