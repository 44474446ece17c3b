"""The page of runs: empty, typical, nothing that fits; a run's page over it and back; what is asked of the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView, QVBoxLayout
from pytestqt.qtbot import QtBot

from runferry.desktop.context import Context, Page
from runferry.desktop.look.theme import SIDEBAR
from runferry.desktop.runs.columns import COLUMNS
from runferry.desktop.runs.narrow import NAME_LEAST
from runferry.desktop.runs.page import RunsPage
from runferry.desktop.system.open import Opener
from runferry.desktop.window import FIRST_SIZE, SMALLEST
from runferry.errors import NeedsUser
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, SyncState
from support.pages import NotedShell, surroundings
from support.scripted import URL, a_run, an_update

Around = tuple[Context, Any, NotedShell]


class PlainRunPage(Page):
    """Stands for the page of a run: notes what it is told."""

    def __init__(self, context: Context, back: Callable[[], None]) -> None:
        super().__init__()
        self.back, self.opened, self.taken = back, [], 0
        QVBoxLayout(self).addWidget(QLabel("run"))

    def open(self, subject: str) -> None:
        self.opened.append(subject)

    def take(self, update: object) -> None:
        self.taken += 1


@pytest.fixture
def around(qtbot: QtBot) -> Iterator[Around]:
    with surroundings() as made:
        yield made


@pytest.fixture
def page(qtbot: QtBot, around: Around) -> RunsPage:
    made = RunsPage(around[0], PlainRunPage)
    qtbot.addWidget(made)
    made.resize(800, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


def feed(page: RunsPage, around: Around, *runs: Any, **more: Any) -> None:
    """As the bridge does: first what it knows, then what it tells."""
    around[0].bridge.runs.update((one.key, one) for one in runs)
    page.take(an_update(*runs, **more))


def visible_texts(page: RunsPage) -> set[str]:
    kinds = (*page.findChildren(QLabel), *page.findChildren(QPushButton))
    return {one.text() for one in kinds if one.isVisible() and one.text()}


def test_without_runs_it_says_what_to_do(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    feed(page, around)
    assert "No runs yet" in visible_texts(page)
    buttons = [one for one in page.findChildren(QPushButton) if one.isVisible() and one.text().startswith("Add")]
    for one in buttons:
        qtbot.mouseClick(one, Qt.MouseButton.LeftButton)
    assert around[2].gone == [("add", "")] * 2


def test_runs_and_their_sums(page: RunsPage, around: Around) -> None:
    live = a_run(1, run_state=RunState.RUNNING, state=SyncState.SYNCING, bytes_read=0, bytes_total=20_000_000)
    held = a_run(3, state=SyncState.WAITING, held="waits")
    done = a_run(2, bytes_total=1_200_000_000)
    feed(page, around, live, done, held, servers=(ServerStatus(URL, ConnectionState.ONLINE, bytes_per_second=310e3),))
    assert page.table.isVisible()
    footer = "3 runs · 1 live · 1.2 GB verified, 20 MB waiting, 1 waits until you ask · ↑ 310 kB/s"
    assert footer in visible_texts(page)


def test_nothing_that_fits_and_back(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    feed(page, around, a_run(1), a_run(2))
    page.search.setFocus()
    qtbot.keyClicks(page.search, "nothing like that")
    qtbot.waitUntil(lambda: "No run fits" in visible_texts(page), timeout=3000)
    (button,) = [one for one in page.findChildren(QPushButton) if one.isVisible() and one.text() == "Show all"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert page.table.isVisible()
    assert page.model.rowCount() == 2
    assert page.search.text() == ""


def test_states_are_chosen(page: RunsPage, around: Around) -> None:
    feed(page, around, a_run(1), a_run(2, state=SyncState.PROBLEM))
    page.kind.setCurrentIndex(page.kind.findData("problem"))
    assert [page.model.run(0).key, page.model.rowCount()] == ["key2", 1]


def test_a_run_opens_and_gives_the_list_back(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    feed(page, around, a_run(1), a_run(2))
    page.table.selectRow(1)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    (opened,) = page.findChildren(PlainRunPage)
    assert opened.isVisible()
    assert opened.opened == ["key2"]
    feed(page, around, a_run(2, rows=7))
    assert opened.taken == 1
    opened.back()
    assert page.table.isVisible()
    assert opened.opened == ["key2", ""]
    assert [one.key for one in page.table.chosen()] == ["key2"]
    page.open("key1")
    assert opened.opened[-1] == "key1"
    page.open("")
    assert page.table.isVisible()


def test_a_key_of_nobody_opens_nothing(page: RunsPage, around: Around) -> None:
    feed(page, around, a_run(1))
    page.open("nobody")
    assert page.table.isVisible()


def test_relative_times_go_on(page: RunsPage, around: Around) -> None:
    now = time.time()
    feed(page, around, a_run(1, started=now - 10))
    page.tick(now + 300)
    started = page.model.index(0, page.model.columnCount() - 1)
    assert started.data() == "5 min"


def test_a_new_run_is_marked_only_while_nobody_saw_it(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    feed(page, around, a_run(5))
    feed(page, around, a_run(1))
    assert page.model._fresh == {"key1"}
    qtbot.waitUntil(lambda: not page.model._fresh, timeout=10_000)


def test_columns_are_kept(page: RunsPage, around: Around) -> None:
    page.keep()
    assert around[0].memory.get("columns", "")


def test_actions_ask_the_engine(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    context, engine, shell = around
    runs = [a_run(1), a_run(2, url="")]
    page.actions_.sync(runs)
    qtbot.waitUntil(lambda: shell.toasts == ["Syncing 2 runs"], timeout=5000)
    assert [given[0] for what, *given in engine.asked if what == "sync_again"] == runs
    for ask, name, said in (
        (page.actions_.pause, "pause_run", "Paused"),
        (page.actions_.resume, "resume_run", "Resumed"),
        (page.actions_.retry, "retry_run", "Trying again"),
    ):
        ask(runs)
        qtbot.waitUntil(lambda said=said: shell.toasts[-1] == said, timeout=5000)
        assert [given[0] for what, *given in engine.asked if what == name] == [one.path for one in runs]
    page.actions_.add(runs)
    assert shell.gone[-1] == ("add", "")
    page.actions_.sync([])
    assert context.tasks.open == 0


def test_one_run_that_cannot_be_sent_does_not_stop_the_others(
    qtbot: QtBot, page: RunsPage, around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, engine, shell = around
    asked: list[str] = []

    def again(run: RunStatus) -> None:
        asked.append(run.key)
        if run.key == "key1":
            raise NeedsUser("no-key", "There is no key", "For this server.", "Log in.")

    monkeypatch.setattr(engine, "sync_again", again, raising=False)
    page.actions_.sync([a_run(1), a_run(2)])
    qtbot.waitUntil(lambda: [one.slug for one in shell.errors] == ["no-key"], timeout=5000)
    assert asked == ["key1", "key2"]


def test_runs_are_taken_off_the_list(
    qtbot: QtBot, page: RunsPage, around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, engine, shell = around
    taken: list[list[str]] = []
    monkeypatch.setattr(engine, "remembered", SimpleNamespace(take_off=taken.append), raising=False)
    page.actions_.take_off([a_run(1), a_run(2), a_run(1)])
    qtbot.waitUntil(lambda: shell.toasts == ["2 runs taken off the list"], timeout=5000)
    assert taken == [[a_run(1).path, a_run(2).path]]


def test_links_are_copied_and_opened(
    qtbot: QtBot, page: RunsPage, around: Around, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Opener, "_open", lambda self, what, named: opened.append(what))
    runs = [a_run(1), replace(a_run(2), url=""), a_run(3)]
    page.actions_.copy_links(runs)
    assert QApplication.clipboard().text().split("\n") == [runs[0].url, runs[2].url]
    assert around[2].toasts == ["2 links copied"]
    page.actions_.open_web(runs[0])
    qtbot.waitUntil(lambda: opened == [runs[0].url], timeout=5000)
    page.actions_.open_folder(a_run(1, path=str(tmp_path)))
    qtbot.waitUntil(lambda: opened[1:] == [str(tmp_path)], timeout=5000)
    page.actions_.open_folder(a_run(1, path=str(tmp_path / "gone")))
    qtbot.waitUntil(lambda: [one.slug for one in around[2].errors] == ["not-there"], timeout=5000)


def shown_columns(page: RunsPage) -> list[str]:
    header = page.table.horizontalHeader()
    return [one.name for number, one in enumerate(COLUMNS) if not header.isSectionHidden(number)]


def test_the_smallest_window_shows_a_list_that_can_be_read(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    feed(page, around, *(a_run(number) for number in range(100)))
    bar = page.table.horizontalScrollBar()
    page.resize(1100, 600)
    qtbot.waitUntil(lambda: len(shown_columns(page)) == len(COLUMNS), timeout=5000)
    assert bar.maximum() == 0
    page.table.setColumnHidden(2, True)  # the person does not want to see the project
    page.resize(SMALLEST[0] - SIDEBAR - 1, SMALLEST[1])
    qtbot.waitUntil(lambda: shown_columns(page) == ["state", "name", "progress", "step", "started"], timeout=5000)
    assert bar.maximum() == 0
    assert page.table.columnWidth(1) >= NAME_LEAST
    page.keep()
    kept = QTableView()
    qtbot.addWidget(kept)
    kept.setModel(page.model)
    assert kept.horizontalHeader().restoreState(QByteArray.fromBase64(around[0].memory.get("columns", "").encode()))
    assert [number for number in range(len(COLUMNS)) if kept.isColumnHidden(number)] == [2]
    page.resize(1100, 600)
    qtbot.waitUntil(lambda: len(shown_columns(page)) == len(COLUMNS) - 1, timeout=5000)
    assert page.table.columnWidth(6) == COLUMNS[6].width


def test_at_the_first_size_nothing_is_hidden(qtbot: QtBot, page: RunsPage, around: Around) -> None:
    feed(page, around, *(a_run(number) for number in range(100)))
    page.resize(FIRST_SIZE[0] - SIDEBAR - 1, FIRST_SIZE[1])
    qtbot.waitUntil(lambda: len(shown_columns(page)) == len(COLUMNS), timeout=5000)
    assert page.table.horizontalScrollBar().maximum() == 0
