"""The table: columns that are kept, keys, the menu's entries, shapes that turn only while something moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from runferry.desktop.memory import Memory
from runferry.desktop.runs.actions import RunActions, fill_menu
from runferry.desktop.runs.columns import COLUMNS, Filter
from runferry.desktop.runs.delegate import button_in
from runferry.desktop.runs.model import RunsModel
from runferry.desktop.runs.table import RunsTable
from runferry.status import RunState, RunStatus, SyncState
from support.pages import surroundings
from support.scripted import a_run

NAMES = [one.name for one in COLUMNS]
Make = Callable[..., tuple[RunsTable, RunsModel]]


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def table(*runs: RunStatus, memory: Memory | None = None) -> tuple[RunsTable, RunsModel]:
        model = RunsModel()
        made = RunsTable(model, memory or Memory(None))
        model.setParent(made)
        qtbot.addWidget(made)
        made.resize(800, 400)
        model.take(runs, ())
        with qtbot.waitExposed(made):
            made.show()
        return made, model

    return table


def test_it_shows_as_many_rows_as_the_filter_leaves(make: Make) -> None:
    table, model = make(*(a_run(number) for number in range(50)))
    assert table.verticalHeader().count() == 50
    model.filter(Filter("run-1"))
    assert table.verticalHeader().count() == model.rowCount() == 11
    model.filter(Filter(""))
    assert table.verticalHeader().count() == 50


def test_columns_are_kept_over_a_start(make: Make) -> None:
    memory = Memory(None)
    table, _ = make(a_run(1), memory=memory)
    table.setColumnWidth(NAMES.index("server"), 199)
    table.setColumnHidden(NAMES.index("size"), True)
    table.sortByColumn(NAMES.index("step"), Qt.SortOrder.AscendingOrder)
    table.keep()
    again, model = make(a_run(1, last_step=5), a_run(2, last_step=3), memory=memory)
    assert again.columnWidth(NAMES.index("server")) == 199
    assert again.isColumnHidden(NAMES.index("size"))
    assert [model.run(row).last_step for row in (0, 1)] == [3, 5]


def test_columns_of_an_older_version_are_forgotten(make: Make) -> None:
    memory = Memory(None)
    memory.keep("columns", "no such state")
    table, _ = make(a_run(1), memory=memory)
    assert table.columnWidth(NAMES.index("server")) == COLUMNS[NAMES.index("server")].width


def test_a_narrow_window_keeps_names_readable(make: Make) -> None:
    table, _ = make(a_run(1, name="x" * 200))
    table.resize(519, 300)  # what is left of the smallest window beside the sidebar
    assert table.columnWidth(NAMES.index("name")) >= 100


def test_return_and_a_double_click_open_a_run(qtbot: QtBot, make: Make) -> None:
    table, _ = make(a_run(1), a_run(2))
    opened: list[str] = []
    table.opened.connect(lambda run: opened.append(run.key))
    table.selectRow(1)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    where = table.visualRect(table.model().index(0, 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert opened == ["key2", "key1"]


def test_many_are_selected_by_keys_and_stay_selected_when_they_change(qtbot: QtBot, make: Make) -> None:
    table, model = make(*(a_run(number) for number in range(8)))
    table.selectRow(2)
    for _ in range(2):
        qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert [one.key for one in table.chosen()] == ["key2", "key3", "key4"]
    model.take([a_run(3, state=SyncState.PROBLEM), a_run(-1)], ("key0",))
    assert [one.key for one in table.chosen()] == ["key2", "key3", "key4"]
    model.sort(NAMES.index("name"), Qt.SortOrder.DescendingOrder)
    assert {one.key for one in table.chosen()} == {"key2", "key3", "key4"}
    qtbot.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(table.chosen()) == 8


def test_new_rows_do_not_move_what_one_reads(make: Make) -> None:
    table, model = make(*(a_run(number) for number in range(200)))
    table.choose("key100")
    seen = model.run(table.rowAt(0)).key
    model.take([a_run(-number) for number in range(1, 6)], ())
    assert model.run(table.rowAt(0)).key == seen
    model.take((), ("key0", "key1", "key150"))
    assert model.run(table.rowAt(0)).key == seen
    table.scrollToBottom()
    seen = model.run(table.rowAt(0)).key
    model.take([a_run(-number) for number in range(10, 20)], ())
    assert model.run(table.rowAt(0)).key == seen


def test_who_is_at_the_top_sees_what_comes(make: Make) -> None:
    table, model = make(*(a_run(number) for number in range(200)))
    model.take([a_run(-1)], ())
    assert model.run(table.rowAt(0)).key == "key-1"


def test_the_menu_is_asked_for_by_mouse_and_key(qtbot: QtBot, make: Make) -> None:
    table, _ = make(a_run(1), a_run(2))
    wanted: list[tuple[list[str], QPoint]] = []
    table.menu_wanted.connect(lambda runs, where: wanted.append(([one.key for one in runs], where)))
    reasons = QContextMenuEvent.Reason
    QApplication.sendEvent(table, QContextMenuEvent(reasons.Keyboard, QPoint(0, 0), QPoint(0, 0)))
    assert not wanted  # nothing is selected
    table.selectRow(0)
    QApplication.sendEvent(table.viewport(), QContextMenuEvent(reasons.Mouse, QPoint(9, 9), QPoint(99, 98)))
    QApplication.sendEvent(table, QContextMenuEvent(reasons.Keyboard, QPoint(0, 0), QPoint(0, 0)))
    assert [runs for runs, _ in wanted] == [["key1"], ["key1"]]
    assert wanted[0][1] == QPoint(99, 98)
    below = table.viewport().mapToGlobal(table.visualRect(table.model().index(0, 0)).bottomLeft())
    assert wanted[1][1].y() == below.y()


def test_shapes_turn_only_while_something_in_sight_moves(qtbot: QtBot, make: Make) -> None:
    table, model = make(*(a_run(number) for number in range(100)))
    model.take([a_run(99, state=SyncState.SYNCING)], ())
    table.watch_movement()
    assert not table._turning.isActive()  # it is below what can be seen
    model.take([a_run(1, state=SyncState.SYNCING)], ())
    table.watch_movement()
    before = table._delegate.angle
    qtbot.waitUntil(lambda: table._delegate.angle != before, timeout=3000)
    table.hide()
    table.watch_movement()
    assert not table._turning.isActive()


@pytest.mark.parametrize("ended", [RunState.FAILED, RunState.KILLED, RunState.CRASHED])
def test_a_run_that_was_sent_well_but_ended_badly_is_marked(make: Make, ended: RunState) -> None:
    table, model = make(a_run(1), a_run(2, run_state=ended))
    state, progress = NAMES.index("state"), NAMES.index("progress")
    row = {model.run(number).key: number for number in range(2)}

    def drawn(key: str) -> QImage:
        return table.viewport().grab(table.visualRect(model.index(row[key], state))).toImage()

    assert drawn("key1") != drawn("key2")
    assert model.data(model.index(row["key1"], progress)) == "verified"
    assert model.data(model.index(row["key2"], progress)) == f"verified, {ended}"
    table.selectAll()
    assert drawn("key1") != drawn("key2")


def test_an_empty_table_needs_nothing(make: Make) -> None:
    table, _ = make()
    table.watch_movement()
    assert table.chosen() == []
    table.choose("nobody")


def test_the_question_before_a_stop_takes_nobodys_work_away(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runferry.desktop.runs.actions.targets_of", lambda engine, path: [])
    with surroundings() as (context, _, shell):
        for has_room in (False, True):
            shell.has_room = has_room
            RunActions(context).stop(a_run(1))
            qtbot.waitUntil(lambda: context.tasks.open == 0)
            qtbot.wait(50)
            assert bool(shell.sheets) is has_room


# -- the menu of runs -------------------------------------------------------------------------------------------------


@pytest.fixture
def entries(qtbot: QtBot) -> Any:
    """The titles of a menu and whether each can be chosen."""
    with surroundings() as (context, _, _):

        def made(*runs: RunStatus) -> dict[str, bool]:
            menu = QMenu()
            fill_menu(menu, RunActions(context), list(runs), lambda run: None)
            return {one.text(): one.isEnabled() for one in menu.actions() if not one.isSeparator()}

        yield made


def test_the_menu_of_a_verified_run(entries: Any) -> None:
    found = entries(a_run(1))
    assert found["Open"]
    assert found["Sync now"]
    assert found["Open on the web"]
    assert found["Copy link"]
    assert found["Show in folder"]
    assert found["Remove from list"]
    assert "Retry" not in found
    assert "Resume" not in found


def test_what_makes_no_sense_is_greyed_out_or_left_out(entries: Any) -> None:
    found = entries(a_run(1, url="", state=SyncState.PAUSED))
    assert not found["Open on the web"]
    assert not found["Pause"]
    assert found["Resume"]
    assert not found[next(one for one in found if one.startswith("Copy"))]
    assert entries(a_run(1, state=SyncState.PROBLEM))["Retry"]


def test_the_menu_of_many_runs(entries: Any) -> None:
    found = entries(a_run(1), a_run(2, url=""), a_run(3, run_state=RunState.RUNNING, state=SyncState.RETRYING))
    assert "Open" not in found
    assert not found["Open on the web"]
    assert not found["Show in folder"]
    assert found["Copy 2 links"]
    assert found["Retry"]


def test_a_run_that_waits_for_a_word_has_a_button_in_its_row(make: Make, qtbot: QtBot) -> None:
    dry = a_run(1, state=SyncState.WAITING, held="recorded as a dry run: sent on request only")
    left = a_run(2, state=SyncState.WAITING, held="the official client uploads it itself")
    table, model = make(dry, left, a_run(3))
    asked: list[RunStatus] = []
    table.asked.connect(asked.append)

    def press(run: RunStatus, away: int = 0) -> None:
        row = model.row_of(run.key)
        assert row is not None
        cell = table.visualRect(model.index(row, NAMES.index("progress")))
        where = button_in(cell).center()
        qtbot.mousePress(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
        qtbot.mouseRelease(table.viewport(), Qt.MouseButton.LeftButton, pos=where + QPoint(away, 0))

    press(left)
    press(dry, away=-300)
    assert asked == []
    press(dry)
    assert [one.key for one in asked] == [dry.key]
    table.grab()  # painted without a word of Qt's
