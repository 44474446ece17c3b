"""The page of a run, with runs that the recorder wrote and an engine that reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

import runferry
from runferry.desktop.run.page import RunPage
from runferry.desktop.system.open import Opener
from runferry.errors import AppError
from runferry.status import SyncState
from support.scripted import NOW, a_run, an_update

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a run with the recorder; gives its folder."""

    def run(name: str = "fit", rows: int = 50, **config: Any) -> Path:
        settings = {"console": "off", "silent": True}
        made = runferry.init(dir=str(tmp_path), project="demo", name=name, config=config, settings=settings)
        (tmp_path / f"{name}.txt").write_text(name)
        made.save(str(tmp_path / f"{name}.txt"), base_path=str(tmp_path))
        for step in range(rows):
            made.log({"loss": 1 / (step + 1), f"only/{name}": step})
        made.finish()
        (found,) = (tmp_path / "wandb").glob(f"offline-run-*-{made.id}")
        return found

    return run


@pytest.fixture
def backs() -> list[int]:
    return []


@pytest.fixture
def page(qtbot: QtBot, desk: Any, backs: list[int]) -> RunPage:
    made = RunPage(desk.context, lambda: backs.append(1))
    desk.window.sheets.hide()
    qtbot.addWidget(made)
    made.resize(900, 700)
    with qtbot.waitExposed(made):
        made.show()
    return made


def show(page: RunPage, desk: Any, folder: Path, number: int = 1, **told: Any) -> None:
    """As the window does: the bridge knows the run, then its page is opened."""
    size = sum(one.stat().st_size for one in folder.glob("*.wandb"))
    run = a_run(number, path=str(folder), bytes_total=size, bytes_read=size, **told)
    desk.context.bridge.runs[run.key] = run
    page.open(run.key)


def texts(widget: Any) -> str:
    return "\n".join(one.text() for one in widget.findChildren(QLabel))


def config_of(page: RunPage) -> dict[str, str]:
    model = page.overview.config.view.model()
    rows = range(model.rowCount())
    return {model.index(row, 0).data(): model.index(row, 1).data() for row in rows}


def test_everything_of_a_run_is_shown(qtbot: QtBot, desk: Any, page: RunPage, write: Write) -> None:
    show(page, desk, write(lr=0.1, layers=3))
    qtbot.waitUntil(lambda: config_of(page).get("lr") == "0.1", timeout=10_000)
    qtbot.waitUntil(lambda: page.overview.charts is not None and "loss" in page.overview.charts.wanted, timeout=10_000)
    qtbot.waitUntil(lambda: page.files.model.rowCount() > 0, timeout=5000)
    names = [page.files.model.index(row, 0).data() for row in range(page.files.model.rowCount())]
    assert "fit.txt" in names
    assert "Exit code" in texts(page.details)
    assert str(page._found.path) in texts(page.details).replace("\u200b", "")
    assert "Finished, 100 rows, verified on wandb.company.com." in texts(page)


def test_another_run_leaves_nothing_of_the_first(qtbot: QtBot, desk: Any, page: RunPage, write: Write) -> None:
    first, second = write("one", a=1), write("two", b=2)
    show(page, desk, first, 1)
    qtbot.waitUntil(lambda: "a" in config_of(page), timeout=10_000)
    show(page, desk, second, 2)
    assert "a" not in config_of(page)
    qtbot.waitUntil(lambda: "b" in config_of(page), timeout=10_000)
    charts = page.overview.charts
    assert charts is not None
    qtbot.waitUntil(lambda: "only/two" in charts.wanted, timeout=10_000)
    assert "only/one" not in charts.wanted


def test_two_runs_in_a_hurry(qtbot: QtBot, desk: Any, page: RunPage, write: Write) -> None:
    first, second = write("one", a=1), write("two", b=2)
    show(page, desk, first, 1)
    show(page, desk, second, 2)
    qtbot.waitUntil(lambda: "b" in config_of(page), timeout=10_000)
    qtbot.waitUntil(lambda: desk.context.tasks.open == 0, timeout=10_000)
    assert "a" not in config_of(page)


def test_the_same_run_once_more(qtbot: QtBot, desk: Any, page: RunPage, write: Write) -> None:
    folder = write(a=1)
    show(page, desk, folder)
    qtbot.waitUntil(lambda: "a" in config_of(page), timeout=10_000)
    page.open("")
    assert config_of(page) == {}
    show(page, desk, folder)
    qtbot.waitUntil(lambda: "a" in config_of(page), timeout=10_000)


def test_changes_of_the_run_are_followed(
    qtbot: QtBot, desk: Any, page: RunPage, write: Write, backs: list[int]
) -> None:
    folder = write()
    show(page, desk, folder, state=SyncState.SYNCING, rows=50, rows_acknowledged=20)
    assert "20 sent to wandb.company.com" in texts(page)
    error = {"slug": "x", "title": "Refused", "message": "<b>no</b>", "todo": "Ask."}
    changed = a_run(1, path=str(folder), state=SyncState.PROBLEM, error=error)
    desk.context.bridge.runs["key1"] = changed
    page.take(an_update(changed))
    assert "Refused. <b>no</b> Ask." in texts(page)
    page.tick(NOW)
    del desk.context.bridge.runs["key1"]
    page.take(an_update(gone=("key1",)))
    assert backs == [1]  # nothing is left to be shown


def test_a_run_that_was_held_back_is_followed_when_it_is_sent(
    qtbot: QtBot, desk: Any, page: RunPage, write: Write, backs: list[int]
) -> None:
    folder = write()
    show(page, desk, folder, state=SyncState.WAITING, held="it is sent on request only")
    sent = a_run(2, path=str(folder), state=SyncState.SYNCING, rows=50, rows_acknowledged=20)
    del desk.context.bridge.runs["key1"]
    desk.context.bridge.runs[sent.key] = sent
    page.take(an_update(sent, gone=("key1",)))
    assert "20 sent to wandb.company.com" in texts(page)
    assert backs == []


def test_a_run_whose_folder_is_gone_is_no_crash(qtbot: QtBot, desk: Any, page: RunPage, tmp_path: Path) -> None:
    told: list[AppError] = []
    desk.context.tasks.failed.connect(told.append)
    show(page, desk, tmp_path / "offline-run-gone")
    qtbot.waitUntil(lambda: desk.context.tasks.open == 0, timeout=10_000)
    assert not told
    assert config_of(page) == {}


def test_files_are_opened_where_they_lie(
    qtbot: QtBot, desk: Any, page: RunPage, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Opener, "_open", lambda self, what, named: opened.append(what))
    folder = write()
    show(page, desk, folder)
    qtbot.waitUntil(lambda: page._found is not None, timeout=10_000)
    page.files.opened.emit("fit.txt")
    qtbot.waitUntil(lambda: opened == [str(folder / "files" / "fit.txt")], timeout=5000)
    page.files.show_wanted.emit("fit.txt")
    qtbot.waitUntil(lambda: opened[1:] == [str(folder / "files")], timeout=5000)


def test_what_cannot_be_measured_here_stands_among_the_details_with_its_reason(
    qtbot: QtBot, desk: Any, page: RunPage, write: Write
) -> None:
    show(page, desk, write())
    qtbot.waitUntil(lambda: page._found is not None, timeout=10_000)
    assert page._found is not None
    assert "Not measured" not in texts(page.details)
    page._show_details(replace(page._found, unmeasured={"gpu.nvidia": "the driver does not answer"}))
    shown = texts(page.details)
    assert "Not measured on this computer" in shown
    assert "gpu.nvidia" in shown
    assert "the driver does not answer" in shown


def test_escape_goes_back(qtbot: QtBot, page: RunPage, backs: list[int]) -> None:
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert backs == [1]


def test_what_curves_were_chosen_is_kept_by_project(qtbot: QtBot, desk: Any, page: RunPage, write: Write) -> None:
    show(page, desk, write())
    charts = page.overview.charts
    assert charts is not None
    charts.choice_changed.emit({"metrics": ["loss"]})
    assert desk.context.memory.get("charts", {}) == {"demo": {"metrics": ["loss"]}}
