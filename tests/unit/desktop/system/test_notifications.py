"""What the bridge brings, as notifications: switches, snoozing, memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from runferry.desktop.bridge import Update
from runferry.desktop.memory import Memory
from runferry.desktop.summary import Totals
from runferry.desktop.system import grouping
from runferry.desktop.system.grouping import Note
from runferry.desktop.system.news import NewsKind
from runferry.desktop.system.notifications import Notifications
from runferry.settings import Settings
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, Snapshot, SyncState

URL = "https://wandb.company.com"


class Shown(QObject):
    """In place of the notifier: keeps what it is to show."""

    chosen = Signal(object, str)
    gone = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Note] = []
        self.withdrawn: list[NewsKind] = []

    def show(self, note: Note) -> None:
        self.notes.append(note)

    def withdraw(self, kind: NewsKind) -> None:
        self.withdrawn.append(kind)


class Around:
    """Notifications with everything beside them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings()
        self.memory = Memory(folder / "window.json")
        self.shown = Shown()
        self.made = self.make()

    def make(self) -> Notifications:
        shown: Any = self.shown
        return Notifications(shown, lambda: self.settings, self.memory)

    def end(self, number: int, end: RunState = RunState.FINISHED) -> None:
        """A run begins and ends."""
        self.made.take(update(runs=(run(number, RunState.RUNNING),)))
        self.made.take(update(runs=(run(number, end),)))


def run(number: int, state: RunState) -> RunStatus:
    return RunStatus(
        f"/w/{number}", str(number), "", "p", f"run-{number}", URL, "", SyncState.SYNCING, state, key=f"k{number}"
    )


def update(servers: tuple[ServerStatus, ...] = (), runs: tuple[RunStatus, ...] = ()) -> Update:
    return Update(Snapshot("1", 1, 0.0, servers=servers), Totals(), runs)


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object) -> Around:
    monkeypatch.setattr(grouping, "GATHER", 0.05)
    return Around(tmp_path)


def test_many_at_once_are_one_and_lead_to_the_runs(around: Around, qtbot: QtBot) -> None:
    asked: list[Any] = []
    around.made.asked.connect(lambda *what: asked.append(what))
    for number in range(37):
        around.end(number)
    qtbot.waitUntil(lambda: bool(around.shown.notes))
    assert [note.title for note in around.shown.notes] == ["37 runs finished"]
    around.shown.chosen.emit(NewsKind.FINISHED, "token")
    around.shown.chosen.emit(NewsKind.DAMAGE, "")
    assert asked == [(NewsKind.FINISHED, tuple(f"k{n}" for n in range(37)), "token")]


def test_a_kind_is_switched_off_while_the_app_runs(around: Around, qtbot: QtBot) -> None:
    around.settings = around.settings.changed(notify_finished=False)
    around.end(1)
    around.end(2, RunState.CRASHED)
    qtbot.waitUntil(lambda: bool(around.shown.notes))
    assert [note.kind for note in around.shown.notes] == [NewsKind.CRASHED]


@pytest.mark.parametrize("kind", list(NewsKind))
def test_every_kind_has_a_switch(kind: NewsKind) -> None:
    assert Settings().get(f"notify_{kind.value}") is True


def test_snoozing_is_kept_over_a_restart(around: Around, qtbot: QtBot) -> None:
    until = time.time() + 3600
    around.made.snooze(until)
    around.memory = Memory(around.memory._path)
    around.made = around.make()
    assert around.made.snoozed_until == until
    around.end(1)
    qtbot.waitUntil(lambda: around.made._grouping.due_at() is None)
    assert around.shown.notes == []
    around.made.snooze(None)
    assert around.made.snoozed_until is None
    around.end(2)
    qtbot.waitUntil(lambda: bool(around.shown.notes))
    assert [note.title for note in around.shown.notes] == ["run-2 finished"]


def test_a_snooze_that_is_over_is_none(around: Around) -> None:
    around.made.snooze(time.time() - 1)
    assert around.made.snoozed_until is None


def test_an_outage_is_told_once_and_taken_away_when_it_is_over(around: Around, qtbot: QtBot) -> None:
    refused = ServerStatus(URL, ConnectionState.REFUSED, {"title": "The key was refused"})
    around.made.take(update((refused,)))
    qtbot.waitUntil(lambda: bool(around.shown.notes))
    around.made.stop()
    around.memory = Memory(around.memory._path)
    around.made = around.make()
    around.made.take(update((refused,)))
    assert around.made._grouping.due_at() is None
    around.made.take(update((ServerStatus(URL, ConnectionState.ONLINE),)))
    around.made.take(update((refused,)))
    qtbot.waitUntil(lambda: len(around.shown.notes) == 2)
    around.made.take(update((ServerStatus(URL, ConnectionState.ONLINE),)))
    assert around.shown.withdrawn == [NewsKind.ATTENTION]
