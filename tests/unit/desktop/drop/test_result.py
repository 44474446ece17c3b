"""What the sheet says of runs that were handed over: one that went but for a file is not called delivered."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex
from pytestqt.qtbot import QtBot

from runferry.desktop.drop.progress import Progress
from runferry.desktop.runs.columns import COLUMNS, told_apart
from runferry.desktop.summary import server_name
from runferry.status import DamageReport, SyncState
from support.scripted import a_run, an_update


def test_what_was_sent_but_for_a_file_needs_a_person(desk: Any, qtbot: QtBot) -> None:
    page = Progress(desk.context, lambda: None)
    qtbot.addWidget(page)
    error = {"slug": "file-gone", "title": "A file could not be sent", "message": "notes.txt.", "todo": "Bring it."}
    page.begin([a_run(1), a_run(2, state=SyncState.SENT, error=error)])
    assert page.is_over
    assert page.headline.text().startswith("1 of 2 verified on ")
    assert page.sentence.text() == "1 needs you"
    page.table.setCurrentIndex(page.model.index(1, 1))
    told = dict(page.facts.facts())
    assert told["Problem"] == "A file could not be sent. notes.txt."
    assert told["To do"] == "Bring it."


@pytest.mark.parametrize(
    ("gaps", "headline", "word"),
    [
        ((0, 0), "2 runs verified on {server}", "Verified"),
        ((0, 0, 1), "2 runs verified on {server} · 1 with a gap", "Damaged"),
        ((0, 2, 1), "1 run verified on {server} · 2 with gaps", "Damaged"),
        ((2,), "1 run with gaps verified on {server}", "Damaged"),
    ],
)
def test_runs_with_gaps_are_counted_apart(
    desk: Any, qtbot: QtBot, gaps: tuple[int, ...], headline: str, word: str
) -> None:
    page = Progress(desk.context, lambda: None)
    qtbot.addWidget(page)
    runs = [a_run(number, damage=DamageReport(one, 10, None)) for number, one in enumerate(gaps)]
    page.begin(runs)
    assert page.headline.text() == headline.format(server=server_name(runs[0].server))
    assert page.sentence.text() == ""
    assert page.shape.accessibleName() == word


def test_gaps_are_told_while_others_are_still_sent(desk: Any, qtbot: QtBot) -> None:
    page = Progress(desk.context, lambda: None)
    qtbot.addWidget(page)
    page.begin([a_run(1, damage=DamageReport(1, 10, None)), a_run(2), a_run(3, state=SyncState.SYNCING)])
    assert page.sentence.text().startswith("2 verified · 1 with a gap among them · ")


def test_a_run_keeps_its_name_until_its_log_was_read_again(desk: Any, qtbot: QtBot) -> None:
    known = a_run(1)
    page = Progress(desk.context, lambda: None, {(known.path, known.run_id): "my awesome run"})
    qtbot.addWidget(page)
    page.begin([a_run(1, name="", state=SyncState.SYNCING)])
    name = page.model.index(0, [one.name for one in COLUMNS].index("name"))
    assert name.data() == "my awesome run"
    page.update_runs(an_update(a_run(1, name="another name")))
    assert name.data() == "another name"


def test_runs_of_one_name_are_drawn_with_what_tells_them_apart(desk: Any, qtbot: QtBot) -> None:
    page = Progress(desk.context, lambda: None)
    qtbot.addWidget(page)
    page.begin([a_run(number, name="fixture run") for number in (1, 2)])
    page.resize(900, 600)
    with qtbot.waitExposed(page):
        page.show()
    table, column = page.table, [one.name for one in COLUMNS].index("name")
    table.clearSelection()
    table.setCurrentIndex(QModelIndex())
    drawn = [table.viewport().grab(table.visualRect(page.model.index(row, column))).toImage() for row in range(2)]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(
    ("path", "run_id", "said"),
    [
        ("/runs/offline-run-20261103_100200-k2x9", "k2x9", "20261103_100200-k2x9"),
        ("/runs/run-k2x9", "k2x9", "run-k2x9"),
        ("/runs/kept/", "k2x9", "kept, k2x9"),
    ],
)
def test_what_tells_runs_apart(path: str, run_id: str, said: str) -> None:
    assert told_apart(path, run_id) == said
