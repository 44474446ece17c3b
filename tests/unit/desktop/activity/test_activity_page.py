"""What happened: newest first, quick with all that is kept, filtered, copied, and never jumping while one reads."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from runferry.desktop.activity import words
from runferry.desktop.activity.model import WHAT, WHEN
from runferry.desktop.activity.page import ActivityPage
from runferry.desktop.activity.table import ROW
from runferry.engine.activity import MOST, ActivityEntry, ActivityKind, Severity


def entry(number: int, kind: ActivityKind = ActivityKind.VERIFIED, **rest: Any) -> ActivityEntry:
    told: dict[str, Any] = {
        "time": 1_790_000_000.0 + number,
        "severity": Severity.INFO,
        "subject": f"/runs/{number}",
        "text": f"run {number} verified",
    }
    return ActivityEntry(number=number, kind=kind, **{**told, **rest})


@pytest.fixture
def page(desk: Any) -> ActivityPage:
    made = ActivityPage(desk.context)
    desk.window.stack.addWidget(made)
    desk.window.stack.setCurrentWidget(made)
    desk.window.show()
    return made


def texts(page: ActivityPage) -> list[str]:
    return [page.model.index(row, WHAT).data() for row in range(page.model.rowCount())]


def test_the_newest_is_on_top_and_the_oldest_go(page: ActivityPage) -> None:
    page.add([entry(number) for number in range(1, MOST + 1)])
    page.add([entry(MOST + 1), entry(MOST + 2)])
    assert page.model.rowCount() == MOST
    assert texts(page)[:2] == [f"run {MOST + 2} verified", f"run {MOST + 1} verified"]
    assert texts(page)[-1] == "run 3 verified"
    assert page.model.newest == MOST + 2


def test_who_has_scrolled_down_keeps_what_is_in_sight(page: ActivityPage) -> None:
    page.add([entry(number) for number in range(1, 200)])
    bar = page.table.verticalScrollBar()
    bar.setValue(50 * ROW)
    seen = page.table.indexAt(QPoint(40, 5)).data()
    page.add([entry(200), entry(201)])
    assert page.table.indexAt(QPoint(40, 5)).data() == seen
    bar.setValue(0)
    page.add([entry(202)])
    assert page.table.indexAt(QPoint(40, 5)).data() == "run 202 verified"


def test_words_and_kinds_filter(page: ActivityPage) -> None:
    page.add(
        [
            entry(1),
            entry(2, ActivityKind.OUTAGE, severity=Severity.WARNING, subject="https://a.example", text="no answer"),
            entry(3, ActivityKind.PROBLEM, severity=Severity.PROBLEM, text="run 3: deleted"),
            entry(4, ActivityKind.SETTINGS, subject="", text="Settings changed: Server."),
        ]
    )
    counts = {}
    for number, group in enumerate(words.GROUPS):
        page.group.setCurrentIndex(number)
        counts[group] = page.model.rowCount()
    assert counts == {"all": 4, "runs": 2, "servers": 1, "trouble": 2, "app": 1}
    page.group.setCurrentIndex(0)
    page.search.setText("RUN deleted")
    page.apply_filter()
    assert texts(page) == ["run 3: deleted"]
    page.search.setText("no such thing")
    page.apply_filter()
    assert page.model.rowCount() == 0
    page.add([entry(5)])
    assert page.model.rowCount() == 0, "what comes later is filtered too"


def test_entries_are_copied_with_their_exact_time(page: ActivityPage, qtbot: QtBot) -> None:
    page.add([entry(number) for number in range(1, 5)])
    page.table.selectRow(1)
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    (line,) = QApplication.clipboard().text().splitlines()
    assert line.split("\t")[1:] == ["Verified", "run 3 verified", "/runs/3"]
    page.table.clearSelection()
    page.copy.click()
    assert len(QApplication.clipboard().text().splitlines()) == 4


def test_a_text_of_forty_lines_takes_one_row_and_is_shown_whole_below(page: ActivityPage) -> None:
    text = "\n".join(f"line {number}" for number in range(40))
    page.add([entry(1, text=text)])
    assert "\n" not in texts(page)[0]
    page.table.selectRow(0)
    assert ("Verified", text) in page.facts.facts()


def test_an_entry_leads_to_its_server(
    page: ActivityPage, desk: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[tuple[str, str]] = []
    monkeypatch.setattr(desk.window, "go", lambda *where: went.append(where))
    page.add([entry(1, ActivityKind.OUTAGE, subject="https://a.example"), entry(2)])
    page.table.selectRow(1)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    page.table.selectRow(0)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)  # a run that nobody knows any more
    assert went == [("network", "https://a.example")]


def test_times_of_today_have_no_date() -> None:
    now = time.time()
    assert len(words.when(entry(1, time=now), now)) == 8
    assert words.when(entry(1, time=now - 90_000), now).startswith("20")


def test_every_kind_has_a_shape_and_a_word() -> None:
    assert set(words.LOOKS) == set(ActivityKind)


def test_the_page_follows_the_engine(page: ActivityPage, desk: Any, qtbot: QtBot) -> None:
    desk.context.bridge.updated.connect(page.take)
    before = page.model.rowCount()
    desk.engine.activity.note(ActivityKind.NOTICE, "", "Something happened.")
    qtbot.waitUntil(lambda: page.model.rowCount() == before + 1)
    assert texts(page)[0] == "Something happened."
    assert page.model.index(0, WHEN).data()
