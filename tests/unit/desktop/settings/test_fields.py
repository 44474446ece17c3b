"""Fields made from the options' declarations: what is shown, what is taken, why something is not, and who locked it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.field import Field, help_of
from runferry.desktop.settings.panes import PANES
from runferry.settings import OPTIONS
from support.pages import NotedEngine, surroundings


@pytest.fixture
def engine() -> NotedEngine:
    return NotedEngine({"WANDB_PROJECT": "demo"})


@pytest.fixture
def desk(qtbot: QtBot, engine: NotedEngine) -> Iterator[Desk]:
    with surroundings(engine) as (context, _, _):
        yield Desk(context)


@pytest.fixture
def make(qtbot: QtBot, desk: Desk) -> Any:
    def made(name: str) -> Field:
        field = Field(OPTIONS[name], desk)
        qtbot.addWidget(field)
        field.show()
        return field

    return made


def typed(qtbot: QtBot, field: Field, text: str) -> None:
    line = field.control.widget
    assert isinstance(line, QLineEdit)
    line.clear()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def saved(engine: NotedEngine) -> dict[str, Any]:
    path = engine.home.settings_file
    return json.loads(path.read_text()) if path.exists() else {}


def test_a_value_is_saved_and_in_force_at_once(qtbot: QtBot, make: Any, engine: NotedEngine) -> None:
    field = make("connect_timeout")
    assert field.control.widget.text() == "10"
    typed(qtbot, field, "25")
    qtbot.waitUntil(lambda: engine.settings.connect_timeout == 25)
    assert saved(engine) == {"connect_timeout": 25}
    assert engine.asked == [("reload_settings",)]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("connect_timeout", "900", "900 is more than 300 s."),
        ("connect_timeout", "soon", "'soon' is not a number."),
        ("parallel_uploads", "1.5", "'1.5' is not a whole number."),
        ("cloud_url", "ftp://x", "does not start with http"),
        ("entity", "a/b", "A team's name cannot hold / ('a/b' does)."),
    ],
)
def test_an_input_that_cannot_be_used_says_why_at_the_field(
    qtbot: QtBot, make: Any, engine: NotedEngine, name: str, text: str, why: str
) -> None:
    field = make(name)
    typed(qtbot, field, text)
    assert why in field.error.text()
    assert field.error.isVisible()
    assert why in field.control.widget.accessibleDescription()
    assert saved(engine) == {}
    field.refresh()
    assert field.control.widget.text() == text, "it stays to be corrected"
    typed(qtbot, field, "" if name == "cloud_url" else "3")
    assert not field.error.isVisible()


def test_a_value_that_the_environment_sets_is_locked_and_says_by_what(make: Any) -> None:
    field = make("project")
    assert field.control.widget.text() == "demo"
    assert not field.control.widget.isEnabled()
    assert "WANDB_PROJECT" in field.lock.text()
    assert field.lock.isVisible()


def test_a_switch(qtbot: QtBot, make: Any, engine: NotedEngine) -> None:
    field = make("metrics_only")
    box = field.control.widget
    assert isinstance(box, QCheckBox)
    box.click()
    qtbot.waitUntil(lambda: engine.settings.metrics_only)


def test_a_server_by_name_or_address(qtbot: QtBot, make: Any, engine: NotedEngine) -> None:
    field = make("server")
    box = field.control.widget
    assert isinstance(box, QComboBox)
    assert box.currentText() == "Not chosen yet"
    box.setCurrentIndex(2)
    box.activated.emit(2)
    qtbot.waitUntil(lambda: engine.settings.server == "cloud")
    line = box.lineEdit()
    assert line is not None
    line.setText("https://WANDB.company.com/")
    line.editingFinished.emit()
    qtbot.waitUntil(lambda: engine.settings.server == "https://wandb.company.com")
    line.setText("wandb")
    line.editingFinished.emit()
    assert "cannot be used" in field.error.text()


def test_a_list_with_commas(qtbot: QtBot, make: Any, engine: NotedEngine) -> None:
    field = make("metrics_disks")
    typed(qtbot, field, "/, /data")
    qtbot.waitUntil(lambda: engine.settings.metrics_disks == ("/", "/data"))


def test_back_to_the_default(qtbot: QtBot, make: Any, engine: NotedEngine) -> None:
    field = make("upload_interval")
    typed(qtbot, field, "30")
    qtbot.waitUntil(lambda: engine.settings.upload_interval == 30)
    field.refresh()
    reset = field._reset
    assert reset.isVisible()
    assert reset.accessibleName() == "Back to the default: 15"
    reset.click()
    qtbot.waitUntil(lambda: engine.settings.upload_interval == 15)
    assert saved(engine) == {}


def test_settings_that_cannot_be_saved_say_so_at_the_field(qtbot: QtBot, make: Any, engine: NotedEngine) -> None:
    engine.home.config.parent.mkdir(parents=True, exist_ok=True)
    engine.home.config.write_text("a file where the folder should be")
    field = make("upload_interval")
    typed(qtbot, field, "30")
    qtbot.waitUntil(lambda: field.error.text() != "")
    assert "settings.json" in field.error.text().replace("\u200b", "")
    engine.home.config.unlink()


def test_two_changes_at_once_lose_nothing(qtbot: QtBot, make: Any, engine: NotedEngine, desk: Desk) -> None:
    for number in range(1, 9):
        desk.change(lambda error: None, parallel_uploads=number)
        desk.change(lambda error: None, connect_timeout=float(number))
    names = {"parallel_uploads", "connect_timeout"}
    qtbot.waitUntil(lambda: engine.asked.count(("reload_settings",)) == 16)
    assert set(saved(engine)) == names - {name for name in names if engine.settings.get(name) == OPTIONS[name].default}


def test_the_help_names_the_range() -> None:
    assert help_of(OPTIONS["connect_timeout"]).endswith("1 to 300 s.")
    assert "66 kB to 268 MB" in help_of(OPTIONS["max_request_bytes"])


def test_every_option_has_its_place() -> None:
    sections = [section for kind in PANES for section in kind.sections]
    assert len(sections) == len(set(sections))
    assert {one.section for one in OPTIONS.values()} <= set(sections)
