"""From a drop to rows on a local server: the sheet around a real engine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import runferry
from runferry.desktop.drop.adding import Adding
from runferry.desktop.drop.model import NAME
from runferry.desktop.drop.progress import Progress
from runferry.desktop.drop.sheet import DropSheet
from runferry.desktop.drop.words import name_of
from runferry.desktop.pages import makers
from runferry.desktop.runs.columns import run_name
from runferry.status import SyncState
from support.folders import legacy_folders

PATIENCE = 40_000  # milliseconds


def record(top: Path, name: str, rows: int = 3) -> Path:
    run = runferry.init(dir=str(top), name=name, project="demo", settings={"console": "off", "silent": True})
    for step in range(rows):
        runferry.log({"loss": 1.0 / (step + 1)})
    run.finish()
    return Path(run.dir).parent


def damaged(top: Path) -> Path:
    """A run of which a block in the middle was lost."""
    folder = record(top, "hurt", rows=1500)
    (log,) = folder.glob("*.wandb")
    with log.open("r+b") as file:
        file.seek(32768)
        file.write(os.urandom(1000))
    return folder


class Dropping:
    """Drops, and waits for what the sheet shows."""

    def __init__(self, desk: Any, qtbot: QtBot) -> None:
        self.desk, self.qtbot = desk, qtbot
        self.adding = Adding(desk.context, desk.window)
        self.names: set[str] = set()  # of runs that were on their way, at any time
        desk.window.dropped.connect(self.adding.add)
        desk.window.sheets.closed.connect(self.adding.closed)
        desk.window.show()

    def drop(self, *paths: Path) -> DropSheet:
        self.desk.window.dropped.emit(list(paths))
        self.qtbot.waitUntil(lambda: self.adding.sheet is not None, timeout=PATIENCE)
        sheet = self.adding.sheet
        assert sheet is not None
        self.qtbot.waitUntil(lambda: not sheet.choose.is_looking, timeout=PATIENCE)
        return sheet

    def sync(self, sheet: DropSheet) -> Progress:
        assert sheet.choose.sync.isEnabled(), sheet.choose.hint.text()
        sheet.choose.sync.click()
        progress = sheet.progress
        assert progress is not None

        def seen(*_: object) -> None:
            self.names |= {run_name(progress.model.run(row)) for row in range(progress.model.rowCount())}

        for signal in (progress.model.rowsInserted, progress.model.layoutChanged, progress.model.dataChanged):
            signal.connect(seen)
        self.qtbot.waitUntil(lambda: progress.is_over, timeout=PATIENCE)
        return progress


@pytest.fixture
def dropping(desk: Any, qtbot: QtBot) -> Dropping:
    return Dropping(desk, qtbot)


def test_everything_that_is_dropped_arrives_and_is_known_the_next_time(dropping: Dropping, tmp_path: Path) -> None:
    work = tmp_path / "work"
    record(work, "one")
    old = legacy_folders(tmp_path / "old")["0.8.36-base-0"]
    hurt = damaged(tmp_path / "hurt")
    (tmp_path / "checkpoints").mkdir()
    sheet = dropping.drop(work, old, hurt, tmp_path / "checkpoints")
    page = sheet.choose
    assert page.headline.text() == "4 items dropped · 3 runs found · 1 is not a run"
    assert any(one.found.damage for one in page.model.runs)
    names = {name_of(one) for one in page.model.runs}
    progress = dropping.sync(sheet)
    assert progress.counts == {SyncState.VERIFIED: 3}, progress.facts.facts()
    assert dropping.names == names, "each keeps its name while its log is read again"
    assert progress.headline.text() == "2 runs verified on this computer · 1 with a gap"
    assert progress.web.isEnabled()
    dropping.desk.window.close_sheet()
    again = dropping.drop(work, old, hurt)
    assert [one.is_ticked for one in again.choose.model.runs] == [False, False, False]
    assert "already verified there" in again.choose.model.index(0, NAME).data(Qt.ItemDataRole.AccessibleTextRole)
    again.choose.model.change([0], is_new=True)
    assert again.choose.sync.text() == "Sync 1 run"
    dropping.names.clear()
    dropping.sync(again)
    assert dropping.names == {name_of(again.choose.model.runs[0])}, "under a new id too"


def test_a_run_without_a_key_for_its_server_says_what_to_do(
    make_desk: Callable[..., Any], qtbot: QtBot, tmp_path: Path
) -> None:
    dropping = Dropping(make_desk(server="https://wandb.example.com"), qtbot)
    sheet = dropping.drop(record(tmp_path, "one"), record(tmp_path, "two"))
    sheet.choose.model.change([1], server="local")
    progress = dropping.sync(sheet)
    assert progress.counts == {SyncState.VERIFIED: 1, SyncState.PROBLEM: 1}
    assert progress.headline.text().startswith("1 of 2 verified on ")
    row = next(row for row in range(2) if progress.model.run(row).state is SyncState.PROBLEM)
    progress.table.selectRow(row)
    told = dict(progress.facts.facts())
    assert told["Problem"].startswith("No key for this server. ")
    assert "runferry login" in told["To do"]


def test_what_is_dropped_on_the_open_sheet_joins_what_is_there(dropping: Dropping, tmp_path: Path) -> None:
    first = dropping.drop(record(tmp_path / "a", "one"))
    second = dropping.drop(record(tmp_path / "b", "two"))
    assert first is second
    assert len(first.choose.model.runs) == 2
    assert first.choose.headline.text() == "2 items dropped · 2 runs found"
    dropping.desk.window.set_pages(makers(dropping.desk.context))
    dropping.desk.window.go("settings")
    assert dropping.adding.sheet is first, "what was dropped is not lost to an entry of the tray's menu"
    dropping.sync(first)
    dropping.desk.window.go("settings")
    assert dropping.adding.sheet is None


def test_a_big_parent_is_shown_while_it_is_looked_through_and_can_be_left(
    dropping: Dropping, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = record(tmp_path / "first", "one")
    (log,) = one.glob("*.wandb")
    for number in range(40):
        copy = tmp_path / "many" / f"offline-run-20261101_1200{number:02}-copy{number:04}"
        copy.mkdir(parents=True)
        shutil.copy(log, copy / f"run-copy{number:04}.wandb")
    monkeypatch.setattr("runferry.desktop.looking.TURN", 0.0)  # one at a time
    dropping.desk.window.dropped.emit([tmp_path / "many"])
    qtbot.waitUntil(lambda: dropping.adding.sheet is not None)
    sheet = dropping.adding.sheet
    assert sheet is not None
    qtbot.waitUntil(lambda: 0 < len(sheet.choose.model.runs) < 40 and sheet.choose.is_looking)
    dropping.desk.window.close_sheet()
    assert dropping.adding.sheet is None
    assert not sheet.choose.is_looking
    qtbot.waitUntil(lambda: dropping.desk.context.tasks.open == 0)


def test_a_closed_sheet_does_not_end_the_sync(dropping: Dropping, qtbot: QtBot, tmp_path: Path) -> None:
    folder = record(tmp_path, "one")
    bridge = dropping.desk.context.bridge
    sheet = dropping.drop(folder)
    sheet.choose.sync.click()
    dropping.desk.window.close_sheet()
    qtbot.waitUntil(
        lambda: any(one.path == str(folder) and one.state is SyncState.VERIFIED for one in bridge.runs.values()),
        timeout=PATIENCE,
    )


def test_without_paths_a_folder_is_asked_for(dropping: Dropping, qtbot: QtBot, tmp_path: Path) -> None:
    folder = record(tmp_path, "one")
    dropping.desk.window.add()
    dialog = dropping.adding.dialog
    assert isinstance(dialog, QFileDialog)
    dropping.desk.window.add()
    assert dropping.adding.dialog is dialog, "one is enough"
    dialog.setDirectory(str(folder.parent))
    dialog.selectFile(str(folder))
    dialog.done(1)
    qtbot.waitUntil(lambda: dropping.adding.sheet is not None)
    sheet = dropping.adding.sheet
    assert sheet is not None
    qtbot.waitUntil(lambda: len(sheet.choose.model.runs) == 1)


def test_a_dialog_that_is_left_opens_nothing(dropping: Dropping) -> None:
    dropping.desk.window.add()
    dialog = dropping.adding.dialog
    assert dialog is not None
    dialog.done(0)
    assert dropping.adding.dialog is None
    assert dropping.adding.sheet is None
