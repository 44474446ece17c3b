"""The first half of the sheet, fed by hand: a table that grows, ticks, places, what is sent."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QWidget
from pytestqt.qtbot import QtBot

from runferry.desktop.drop.choose import Choose
from runferry.desktop.drop.delegate import tick_area
from runferry.desktop.drop.model import NAME, PROJECT, SERVER, TEAM
from runferry.engine.contents import Contents, LinkedFile
from runferry.engine.drop import Found, NoRun
from runferry.engine.job import SyncRequest
from runferry.engine.places import Places, ServerPlace
from runferry.status import DamageReport
from runferry.sync.links import HIDDEN_IN_HOME, OUTSIDE

COMPANY = "https://wandb.company.com"
PLACES = Places(
    (ServerPlace("local", projects=("mnist",)), ServerPlace(COMPANY, key_from="keyring", teams=("vision",))), COMPANY
)


def found(number: int, **rest: Any) -> Found:
    told: dict[str, Any] = {
        "path": f"/runs/{number}",
        "log": f"/runs/{number}/run.wandb",
        "kind": "wandb-offline",
        "run_id": f"id{number}",
        "name": f"run {number}",
        "rows": 10,
        "project": "demo",
        "is_complete": True,
    }
    return Found(**{**told, **rest})


class Made:
    """The page, and what it asked for."""

    def __init__(self, desk: Any, places: Places = PLACES) -> None:
        self.sent: list[SyncRequest] = []
        self.cancelled = 0
        self.page = Choose(desk.context, places, self.sent.extend, self.cancel)
        desk.window.sheet("Sync runs", self.page, 900, 620)
        desk.window.show()

    def cancel(self) -> None:
        self.cancelled += 1

    def texts(self, column: int) -> list[str]:
        model = self.page.model
        return [model.index(row, column).data() for row in range(model.rowCount())]


@pytest.fixture
def made(desk: Any) -> Made:
    return Made(desk)


def test_runs_come_first_and_rows_never_move(made: Made) -> None:
    made.page.model.take([found(1), NoRun("/runs/checkpoints", "empty-folder", "no log is in it")])
    made.page.table.setCurrentIndex(made.page.model.index(0, NAME))
    made.page.model.take([found(2), NoRun("/runs/notes.txt", "other", "no log")])
    assert made.texts(NAME) == ["run 1", "run 2", "checkpoints", "notes.txt"]
    assert made.page.table.currentIndex().row() == 0
    assert made.page.headline.text() == "0 items dropped · 2 runs found · 2 are not runs"


def test_a_run_that_was_read_to_its_end_changes_in_place(made: Made) -> None:
    made.page.model.take([found(1, is_complete=False), found(2)])
    made.page.model.take([found(1, rows=5000)])
    assert made.texts(1) == ["5,000", "10"]


def test_what_a_person_chose_stays_when_the_rest_was_read(made: Made) -> None:
    model = made.page.model
    model.take([found(1, is_complete=False)])
    model.change([0], server="local", project="mine", ticked=False)
    model.take([found(1, rows=5000)])
    assert (model.runs[0].server, model.runs[0].project, model.runs[0].is_ticked) == ("local", "mine", False)


def test_the_button_says_how_many_and_waits_for_a_project(made: Made) -> None:
    page = made.page
    page.model.take([found(1), found(2, project="")])
    assert page.sync.text() == "Sync 2 runs"  # what is ticked: none of it goes before all of it can
    assert not page.sync.isEnabled()
    assert page.hint.text() == "1 run has no project yet: choose one"
    page.model.setData(page.model.index(1, PROJECT), "uncategorized")
    assert page.sync.text() == "Sync 2 runs"
    assert page.sync.isEnabled()
    assert page.hint.text() == ""
    page.sync.click()
    assert [one.project for one in made.sent] == ["", "uncategorized"]


def test_a_project_that_can_be_none_is_told_and_nothing_goes(made: Made) -> None:
    page = made.page
    page.model.take([found(1)])
    page.project.setEditText("my team/x")
    page.project.lineEdit().editingFinished.emit()
    assert not page.sync.isEnabled()
    assert page.hint.text() == "A project's name cannot hold / ('my team/x' does)."
    cell = page.model.index(0, PROJECT)
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole).endswith(": a project's name cannot hold / ('my team/x' does)")
    page.sync.click()
    assert made.sent == []
    page.project.setEditText("x")
    page.project.lineEdit().editingFinished.emit()
    assert page.sync.isEnabled()
    assert page.hint.text() == ""


def test_a_key_that_was_found_is_never_used_unasked(desk: Any) -> None:
    made = Made(desk, Places(PLACES.servers, ""))
    made.page.model.take([found(1)])
    assert not made.page.sync.isEnabled()
    assert "key was found" in made.page.hint.text()
    made.page.server.setCurrentIndex(0)
    made.page.server.activated.emit(0)
    assert made.page.sync.isEnabled()
    made.page.sync.click()
    assert [one.server for one in made.sent] == ["local"]


def test_a_click_on_the_box_and_the_space_key_tick(made: Made, qtbot: QtBot) -> None:
    page = made.page
    page.model.take([found(1), found(2), found(3)])
    cell = page.table.visualRect(page.model.index(1, NAME))
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=tick_area(cell).center())
    assert [one.is_ticked for one in page.model.runs] == [True, False, True]
    page.table.selectAll()
    qtbot.keyClick(page.table, Qt.Key.Key_Space)
    assert all(one.is_ticked for one in page.model.runs)
    qtbot.keyClick(page.table, Qt.Key.Key_Space)
    assert not any(one.is_ticked for one in page.model.runs)
    assert page.all.checkState() is Qt.CheckState.Unchecked
    page.all.click()
    assert all(one.is_ticked for one in page.model.runs)


def opened(parent: QWidget) -> QComboBox:
    boxes = [one for one in parent.findChildren(QComboBox) if one.isVisible()]
    assert len(boxes) == 1
    return boxes[0]


def test_a_place_is_chosen_in_its_cell(made: Made, qtbot: QtBot) -> None:
    page = made.page
    page.model.take([found(1), found(2)])
    cell = page.table.visualRect(page.model.index(1, SERVER))
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    box = opened(page.table.viewport())
    assert [box.itemText(one) for one in range(box.count())] == ["this computer", "wandb.company.com"]
    assert box.currentData() == COMPANY
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert [one.server for one in page.model.runs] == [COMPANY, "local"]


def test_a_team_is_typed_in_its_cell_with_keys_alone(made: Made, qtbot: QtBot) -> None:
    page = made.page
    page.model.take([found(1)])
    page.table.setCurrentIndex(page.model.index(0, TEAM))
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    box = opened(page.table.viewport())
    edit = box.lineEdit()
    assert edit is not None
    edit.clear()
    qtbot.keyClicks(edit, "research")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.model.runs[0].entity == "research")


def test_the_same_place_for_all(made: Made, qtbot: QtBot) -> None:
    page = made.page
    page.model.take([found(number) for number in range(5)])
    edit = page.project.lineEdit()
    assert edit is not None
    qtbot.keyClicks(edit, "everything")
    edit.editingFinished.emit()
    page.as_new.click()
    page.metrics_only.click()
    page.sync.click()
    (request,) = made.sent
    assert (request.project, request.is_new, request.metrics_only, len(request.paths)) == ("everything", True, True, 5)


def test_the_pane_tells_what_is_sent_what_is_lost_and_why_something_is_no_run(made: Made) -> None:
    page = made.page
    page.model.take([found(1, damage=DamageReport(1, 9, 3, ("bytes 1 to 9",))), NoRun("/a/b", "other", "b is no log.")])
    page.table.setCurrentIndex(page.model.index(0, NAME))
    told = dict(page.facts.facts())
    assert told["Lost"] == "bytes 1 to 9"
    assert told["Folder"] == "/runs/1"
    page.metrics_only.click()
    assert "nothing else" in dict(page.facts.facts())["To send"]
    page.table.setCurrentIndex(page.model.index(1, NAME))
    assert dict(page.facts.facts()) == {"Why not": "b is no log.", "Path": "/a/b"}


def test_links_are_followed_where_somebody_ticks_it(made: Made) -> None:
    page = made.page
    page.model.take([found(1)])
    assert page.follow_links.isHidden(), "there is nothing to decide"
    key = "/home/me/.ssh/id_rsa"
    links = (
        LinkedFile("own.pt", "/project/own.pt"),
        LinkedFile("a\n.pt", "/data/a.pt", OUTSIDE),
        LinkedFile("key", key, HIDDEN_IN_HOME),
    )
    page.model.take([found(2, contents=Contents(links=links))])
    assert not page.follow_links.isHidden()
    assert page.hint.text().startswith("2 files lie outside of their runs' folders and stay here.")
    page.table.setCurrentIndex(page.model.index(1, NAME))
    told = dict(page.facts.facts())["Links"].split("\n")
    assert told == [
        "own.pt → /project/own.pt is sent",
        f"a\\n.pt → /data/a.pt stays here: {OUTSIDE}",
        f"key → {key} stays here: {HIDDEN_IN_HOME}",
    ]
    page.follow_links.click()
    told = dict(page.facts.facts())["Links"].split("\n")
    assert (told[1], told[2]) == ("a\\n.pt → /data/a.pt is sent", f"key → {key} stays here: {HIDDEN_IN_HOME}")
    page.sync.click()
    assert [one.follow_links for one in made.sent] == [True]


def test_what_is_no_run_cannot_be_ticked_or_placed(made: Made, qtbot: QtBot) -> None:
    page = made.page
    page.model.take([NoRun("/a/b", "other", "b is no log.")])
    page.table.selectAll()
    qtbot.keyClick(page.table, Qt.Key.Key_Space)
    for column in (NAME, SERVER, PROJECT):
        assert not page.model.setData(page.model.index(0, column), "x")
    assert not page.sync.isEnabled()


def test_everything_has_a_name_that_can_be_read_aloud(made: Made) -> None:
    page = made.page
    page.model.take([found(1)])
    for one in page.findChildren(QComboBox):
        assert one.accessibleName()
    spoken = page.model.index(0, NAME).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "run 1, 1, id1 · offline run"
    missing = found(2, project="")
    page.model.take([missing])
    spoken = page.model.index(1, PROJECT).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Project is missing: choose one"


def test_names_that_look_like_markup_are_shown_as_they_are(made: Made) -> None:
    made.page.model.take([found(1, name="<b>bold</b>")])
    index = made.page.model.index(0, NAME)
    assert index.data() == "<b>bold</b>"
    assert "&lt;b&gt;" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_a_thousand_runs_need_no_widget_each(made: Made, qtbot: QtBot) -> None:
    page = made.page
    before = len(page.findChildren(QWidget))
    for start in range(0, 1000, 100):
        page.model.take([found(number) for number in range(start, start + 100)])
    qtbot.waitExposed(page.window())
    page.window().grab()
    assert len(page.findChildren(QWidget)) == before
    assert page.sync.text() == "Sync 1,000 runs"
    page.table.scrollToBottom()
    assert page.table.rowAt(page.table.viewport().height() - 10) == 999
    assert page.table.indexAt(QPoint(20, 20)).isValid()


def test_cancel_asks_for_the_sheet_to_go(made: Made) -> None:
    from runferry.desktop.parts.buttons import Button

    (cancel,) = [one for one in made.page.findChildren(Button) if one.text() == "Cancel"]
    cancel.click()
    assert made.cancelled == 1
