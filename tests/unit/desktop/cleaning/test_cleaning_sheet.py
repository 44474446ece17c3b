"""Free up space: only what was judged as safe goes, only what is ticked, and what changed meanwhile stays."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import runferry
from runferry.desktop.cleaning import sheet as module
from runferry.desktop.cleaning.model import FOLDER, WHERE
from runferry.desktop.cleaning.sheet import DAY, CleaningSheet
from runferry.engine.cleaning import Candidate, Stays
from runferry.engine.job import SyncRequest

COMPANY = "https://wandb.company.com"
PATIENCE = 40_000  # milliseconds


def candidate(folder: Path, size: int = 1000) -> Candidate:
    folder.mkdir(parents=True)
    log = folder / "run-x.wandb"
    log.write_bytes(b"x" * 10)
    found = os.stat(log)
    return Candidate(str(folder), "x", COMPANY, "", size, str(log), found.st_size, found.st_mtime_ns)


@pytest.fixture
def trashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be in the trash of this computer. The library remembers its folder from when it was imported."""
    paths: list[str] = []
    monkeypatch.setitem(sys.modules, "send2trash", SimpleNamespace(send2trash=paths.append))
    return paths


@pytest.fixture
def open_sheet(desk: Any, qtbot: QtBot) -> Callable[..., CleaningSheet]:
    def make(*roots: Path) -> CleaningSheet:
        made = CleaningSheet(desk.context, roots, desk.window.close_sheet)
        desk.window.sheet("Free up space", made, 860, 600)
        desk.window.show()
        qtbot.waitUntil(lambda: not made.is_looking, timeout=PATIENCE)
        return made

    return make


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Candidate | Stays]]:
    """What the engine says about a root."""
    answers: dict[str, list[Candidate | Stays]] = {}
    ages: list[float] = []

    def judge(_: Any, root: Path, min_age: float) -> Iterator[Candidate | Stays | None]:
        ages.append(min_age)
        yield from answers.get(str(root), [])
        yield None

    monkeypatch.setattr(module, "judged_in", judge)
    answers["ages"] = ages  # type: ignore[assignment]
    return answers


def test_what_is_ticked_goes_and_what_changed_meanwhile_stays(
    open_sheet: Callable[..., CleaningSheet], judged: dict[str, Any], trashed: list[str], tmp_path: Path, qtbot: QtBot
) -> None:
    first, second, third = (candidate(tmp_path / name, 1_000_000) for name in ("a", "b", "c"))
    judged[str(tmp_path)] = [first, Stays("/runs/d", "changed not long ago"), second, third]
    made = open_sheet(tmp_path)
    assert made.headline.text() == "3 folders could go, 1 stays"
    assert made.trash.text() == "Move 3 folders to the trash (3.0 MB)"
    made.table.selectRow(1)
    qtbot.keyClick(made.table, Qt.Key.Key_Space)
    assert made.trash.text() == "Move 2 folders to the trash (2.0 MB)"
    assert made.holds_work
    with Path(third.log).open("ab") as log:
        log.write(b"more")
    made.trash.click()
    qtbot.waitUntil(lambda: bool(trashed) and "is in the trash" in made.note.text(), timeout=PATIENCE)
    assert trashed == [first.path]
    assert made.model.counts == (1, 2)
    whys = [made.model.index(row, WHERE).data() for row in range(made.model.rowCount())]
    assert any("changed or came into use" in why for why in whys)
    assert "until the trash is emptied" in made.note.text()


def test_nothing_ticked_nothing_to_do(
    open_sheet: Callable[..., CleaningSheet], judged: dict[str, Any], tmp_path: Path
) -> None:
    judged[str(tmp_path)] = [candidate(tmp_path / "a"), Stays("/runs/d", "not verified on any server")]
    made = open_sheet(tmp_path)
    made.model.setData(made.model.index(0, FOLDER), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert not made.trash.isEnabled()
    assert not made.holds_work
    assert not made.model.setData(made.model.index(1, FOLDER), 2, Qt.ItemDataRole.CheckStateRole), "it stays"
    assert made.model.index(1, WHERE).data() == "stays: not verified on any server"


def test_another_age_judges_anew(
    open_sheet: Callable[..., CleaningSheet], judged: dict[str, Any], tmp_path: Path, qtbot: QtBot
) -> None:
    made = open_sheet(tmp_path, tmp_path / "b")
    made.age.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not made.is_looking, timeout=PATIENCE)
    assert judged["ages"] == [DAY, DAY, 7 * DAY, 7 * DAY]
    assert made.headline.text() == "0 folders could go, 0 stay"


def test_a_real_run_on_this_computers_server_stays(desk: Any, qtbot: QtBot, tmp_path: Path) -> None:
    run = runferry.init(dir=str(tmp_path), project="demo", settings={"console": "off", "silent": True})
    runferry.log({"loss": 1.0})
    run.finish()
    folder = Path(run.dir).parent
    (log,) = folder.glob("*.wandb")
    os.utime(log, (1_700_000_000, 1_700_000_000))
    job = desk.engine.sync(SyncRequest((folder,), server="local"))
    qtbot.waitUntil(lambda: job.outcome() is not None, timeout=PATIENCE)
    made = CleaningSheet(desk.context, [folder], desk.window.close_sheet)
    desk.window.sheet("Free up space", made, 860, 600)
    qtbot.waitUntil(lambda: not made.is_looking, timeout=PATIENCE)
    assert made.model.counts == (0, 1)
    assert "verified on this computer only" in made.model.index(0, WHERE).data()
    assert not made.trash.isEnabled()


def test_a_sheet_that_is_closed_stops_looking(
    desk: Any, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, tmp_path: Path
) -> None:
    def endless(*_: Any) -> Iterator[None]:
        while True:
            yield None

    monkeypatch.setattr(module, "judged_in", endless)
    made = CleaningSheet(desk.context, [tmp_path], desk.window.close_sheet)
    desk.window.sheet("Free up space", made, 860, 600)
    assert made.is_looking
    desk.window.close_sheet()
    qtbot.waitUntil(lambda: desk.context.tasks.open == 0, timeout=PATIENCE)
