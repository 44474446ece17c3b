"""The list's model: filtered and sorted like plain Python would, in place afterwards, with Qt's own tester watching."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from runferry.desktop.runs.columns import COLUMNS, Filter
from runferry.desktop.runs.model import BULK, RUN, RunsModel
from runferry.status import DamageReport, RunState, RunStatus, SyncState
from support.scripted import NOW, a_run

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
NAMES = [one.name for one in COLUMNS]
NAME, SIZE, STARTED = NAMES.index("name"), NAMES.index("size"), NAMES.index("started")


def made(*runs: RunStatus) -> RunsModel:
    """A model that Qt's tester watches: any wrong signal fails the test."""
    model = RunsModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.take(runs, ())
    return model


def keys(model: RunsModel) -> list[str]:
    return [model.run(row).key for row in range(model.rowCount())]


def shuffled(number: int) -> list[RunStatus]:
    runs = [a_run(one) for one in range(number)]
    random.Random(3).shuffle(runs)
    return runs


def test_the_newest_come_first(qtbot: QtBot) -> None:
    assert keys(made(*shuffled(5))) == ["key0", "key1", "key2", "key3", "key4"]


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=NAMES)
@pytest.mark.parametrize("order", [UP, DOWN])
def test_each_column_sorts(qtbot: QtBot, column: int, order: Qt.SortOrder) -> None:
    states = list(SyncState)
    runs = [
        replace(one, state=states[at % 7], rows=at * 7, bytes_total=at % 4, last_step=at if at % 5 else None)
        for at, one in enumerate(shuffled(20))
    ]
    model = made(*runs)
    model.sort(column, order)
    found = [COLUMNS[column].sort(model.run(row)) for row in range(20)]
    assert found == sorted(found, reverse=order is DOWN)


def test_a_run_that_changes_stays_where_it_is(qtbot: QtBot) -> None:
    model = made(*shuffled(6))
    model.sort(NAME, UP)
    before = keys(model)
    with qtbot.waitSignal(model.dataChanged, timeout=1000) as told:
        model.take([replace(a_run(3), name="aaaa", state=SyncState.PROBLEM)], ())
    assert keys(model) == before
    assert (told.args[0].row(), told.args[1].row()) == (3, 3)
    assert model.data(model.index(3, NAME)) == "aaaa"


def test_changes_beside_each_other_are_one_signal(qtbot: QtBot) -> None:
    model = made(*shuffled(10))
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    model.take([a_run(number, rows=5) for number in (7, 2, 3, 4, 9)], ())
    assert told == [(2, 4), (7, 7), (9, 9)]


@pytest.mark.parametrize("order", [UP, DOWN])
def test_what_comes_later_gets_its_place(qtbot: QtBot, order: Qt.SortOrder) -> None:
    model = made(*(a_run(number) for number in range(0, 20, 2)))
    model.sort(STARTED, order)
    for number in (5, 19, 1, -1):
        model.take([a_run(number)], ())
    found = [model.run(row).started for row in range(model.rowCount())]
    assert found == sorted(found, reverse=order is DOWN)
    assert len(found) == 14


def test_what_comes_later_is_marked_until_it_was_seen(qtbot: QtBot) -> None:
    model = made(a_run(1))
    assert not model.is_fresh(model.run(0).key)
    model.take([a_run(0)], ())
    assert model.is_fresh(model.run(0).key)
    model.seen()
    assert not model.is_fresh(model.run(0).key)


def test_what_went_is_gone_and_can_be_read_while_it_goes(qtbot: QtBot) -> None:
    model = made(*shuffled(5))
    read: list[str] = []
    model.rowsAboutToBeRemoved.connect(lambda parent, first, last: read.append(model.data(model.index(first, NAME))))
    model.dataChanged.connect(lambda first, last: read.extend(keys(model)))
    model.take([a_run(0, rows=7)], ("key1", "key3", "never there"))
    assert keys(model) == ["key0", "key2", "key4"]
    assert {"run-1", "run-3"} <= set(read)
    assert model.all == 3
    assert model.row_of("key1") is None
    assert model.row_of("key4") == 2


def test_a_run_that_comes_twice_has_one_row(qtbot: QtBot) -> None:
    model = made(a_run(1))
    model.take([a_run(2, rows=1), a_run(2, rows=2)], ())
    assert keys(model) == ["key1", "key2"]
    model.take((), ("key2",))
    assert keys(model) == ["key1"]


def test_many_at_once_fill_the_list_anew(qtbot: QtBot) -> None:
    model = made(a_run(-1))
    model.take(shuffled(BULK + 50), ())
    assert model.rowCount() == BULK + 51
    assert keys(model)[:2] == ["key-1", "key0"]
    model.take((), [f"key{number}" for number in range(BULK + 10)])
    assert model.rowCount() == 41


def test_selected_rows_and_filters_go_together(qtbot: QtBot) -> None:
    model = made(*shuffled(30))
    held = [QPersistentModelIndex(model.index(row, 1)) for row in (3, 7, 20)]
    model.sort(NAME, DOWN)
    assert [one.data(RUN).key for one in held] == ["key3", "key7", "key20"]
    model.filter(Filter("run-2"))
    assert [one.isValid() for one in held] == [False, False, True]
    assert held[2].data(RUN).key == "key20"


def test_search_finds_all_words_in_any_field(qtbot: QtBot) -> None:
    model = made(a_run(1, name="ResNet", project="imagenet"), a_run(2, path="/data/resnet/run", name=""), a_run(3))
    for text, expected in {
        "resnet": ["key1", "key2"],
        "RESNET imagenet": ["key1"],
        "  ": ["key1", "key2", "key3"],
        "id3": ["key3"],
        "nothing of that": [],
    }.items():
        model.filter(Filter(text))
        assert keys(model) == expected, text
    assert model.all == 3


KINDS = {
    "live": a_run(1, run_state=RunState.RUNNING, state=SyncState.SENT),
    "problem": a_run(2, state=SyncState.RETRYING),
    "waiting": a_run(3, state=SyncState.PAUSED),
    "syncing": a_run(4, state=SyncState.SYNCING),
    "damaged": a_run(5, damage=DamageReport(1, 10, None), state=SyncState.PROBLEM),
    "verified": a_run(6),
}


@pytest.mark.parametrize("kind", Filter.KINDS)
def test_states_are_filtered(qtbot: QtBot, kind: str) -> None:
    model = made(*KINDS.values())
    model.filter(Filter("", kind))
    found = set(keys(model))
    if kind == "all":
        assert found == {one.key for one in KINDS.values()}
    else:
        assert KINDS[kind].key in found
        assert len(found) < 4


def test_a_run_that_begins_to_fit_is_shown(qtbot: QtBot) -> None:
    model = made(a_run(1), a_run(2, state=SyncState.SYNCING))
    model.filter(Filter("", "verified"))
    assert keys(model) == ["key1"]
    model.take([a_run(2)], ())
    assert keys(model) == ["key1", "key2"]


def test_texts_for_eyes_and_for_screen_readers(qtbot: QtBot) -> None:
    error = {"slug": "x", "title": "Too large", "message": "A line is too large.", "todo": "Log less."}
    model = made(
        a_run(1, name="", run_state=RunState.CRASHED, state=SyncState.PROBLEM, error=error, bytes_total=648_000)
    )
    model.tick(NOW + 60)
    row = {name: model.index(0, number) for number, name in enumerate(NAMES)}
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert model.data(row["state"], spoken) == "Problem, crashed"
    assert model.data(row["name"]) == "id1"
    assert model.data(row["progress"]) == "Too large"
    assert model.data(row["size"]) == "648 kB"
    assert model.data(row["started"]) == "2 min"
    assert model.data(row["progress"], Qt.ItemDataRole.ToolTipRole) == "Too large\nA line is too large.\nLog less."
    assert "/runs/offline-run-1" in model.data(row["name"], Qt.ItemDataRole.ToolTipRole)
    assert model.data(row["size"], Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight
    titles = [model.headerData(number, Qt.Orientation.Horizontal, spoken) for number in range(len(COLUMNS))]
    assert all(titles)
    assert model.data(QModelIndex()) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), unique=True, max_size=25),
    st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 9)), max_size=40),
    st.integers(0, len(COLUMNS) - 1),
    st.sampled_from([UP, DOWN]),
    st.sampled_from(["", "1", "run 2"]),
)
def test_it_always_holds_what_plain_python_holds(
    first: list[int], steps: list[tuple[bool, int, int]], column: int, order: Qt.SortOrder, text: str
) -> None:
    model = made(*(a_run(number) for number in first))
    plain = {f"key{number}": a_run(number) for number in first}
    model.filter(Filter(text))
    model.sort(column, order)
    for goes, number, rows in steps:
        if goes:
            plain.pop(f"key{number}", None)
            model.take((), (f"key{number}",))
        else:
            plain[f"key{number}"] = a_run(number, bytes_total=rows)
            model.take([a_run(number, bytes_total=rows)], ())
    expected = {one.key for one in plain.values() if Filter(text).takes(one)}
    assert set(keys(model)) == expected
    assert model.rowCount() == len(expected)
    assert all(model.row_of(key) == row for row, key in enumerate(keys(model)))
    model.sort(column, order)
    sort = COLUMNS[column].sort
    assert [sort(model.run(row)) for row in range(model.rowCount())] == sorted(
        (sort(plain[key]) for key in expected), reverse=order is DOWN
    )
