"""What the sheet says in the end: a run that went but for a file is not called delivered."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from runferry.desktop.drop.progress import Progress
from runferry.status import SyncState
from support.scripted import a_run


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
