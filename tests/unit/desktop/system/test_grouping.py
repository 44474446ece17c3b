"""Many pieces of news become one notification."""

from __future__ import annotations

import pytest

from runferry.desktop.system.grouping import GATHER, LONGEST, TOGETHER, Grouping, note_of
from runferry.desktop.system.news import News, NewsKind


def news(number: int, kind: NewsKind = NewsKind.FINISHED) -> News:
    return News(kind, f"k{number}", f"run-{number}", f"run-{number} finished", "vision")


@pytest.fixture
def grouping() -> Grouping:
    return Grouping()


def test_one_is_told_as_it_is(grouping: Grouping) -> None:
    grouping.add([news(1)], 100.0)
    assert grouping.due(100.0) == []
    assert grouping.due_at() == 100.0 + GATHER
    (note,) = grouping.due(100.0 + GATHER)
    assert (note.title, note.text, note.subjects, note.is_update) == ("run-1 finished", "vision", ("k1",), False)
    assert grouping.due_at() is None
    assert grouping.due(200.0) == []


def test_an_array_of_200_becomes_one(grouping: Grouping) -> None:
    grouping.add([news(n) for n in range(200)], 0.0)
    (note,) = grouping.due(GATHER)
    assert note.title == "200 runs finished"
    assert note.text == "run-197, run-198, run-199 and 197 more"
    assert len(note.subjects) == 200


def test_more_and_more_is_told_after_a_while(grouping: Grouping) -> None:
    shown = []
    for n in range(200):  # one every second
        grouping.add([news(n)], float(n))
        shown += grouping.due(float(n))
    shown += grouping.due(199 + GATHER)
    assert shown[0].title == f"{int(LONGEST) + 1} runs finished"
    assert not shown[0].is_update
    assert all(note.is_update for note in shown[1:])
    assert shown[-1].title == "200 runs finished"


def test_what_comes_much_later_is_another_notification(grouping: Grouping) -> None:
    grouping.add([news(1)], 0.0)
    grouping.due(GATHER)
    grouping.add([news(2)], GATHER + TOGETHER)
    (note,) = grouping.due(1000.0)
    assert (note.title, note.is_update) == ("run-2 finished", False)


def test_one_that_was_closed_does_not_grow(grouping: Grouping) -> None:
    grouping.add([news(1)], 0.0)
    grouping.due(GATHER)
    grouping.forget(NewsKind.FINISHED)
    grouping.add([news(2)], GATHER)
    (note,) = grouping.due(10.0)
    assert (note.title, note.is_update) == ("run-2 finished", False)


def test_kinds_are_told_apart(grouping: Grouping) -> None:
    grouping.add([news(1), news(2), news(3, NewsKind.CRASHED), news(4, NewsKind.CRASHED)], 0.0)
    assert [note.title for note in grouping.due(GATHER)] == ["2 runs finished", "2 runs ended badly"]


def test_what_is_switched_off_is_not_shown_and_not_made_up_for() -> None:
    off = {NewsKind.FINISHED}
    grouping = Grouping(lambda kind: kind not in off)
    grouping.add([news(1), news(2, NewsKind.CRASHED)], 0.0)
    assert [note.kind for note in grouping.due(GATHER)] == [NewsKind.CRASHED]
    off.clear()
    assert grouping.due(100.0) == []


def test_nothing_is_shown_while_snoozed(grouping: Grouping) -> None:
    grouping.add([news(1)], 0.0)
    assert grouping.due(GATHER, is_snoozed=True) == []
    assert grouping.due(100.0) == []


def test_a_notification_goes_when_all_that_it_tells_of_is_well(grouping: Grouping) -> None:
    grouping.add([news(1, NewsKind.ATTENTION), news(2, NewsKind.ATTENTION)], 0.0)
    grouping.due(GATHER)
    assert not grouping.withdraw(NewsKind.ATTENTION, ["k1"])
    assert not grouping.withdraw(NewsKind.ATTENTION, ["k9"])
    assert grouping.withdraw(NewsKind.ATTENTION, ["k2"])
    assert not grouping.withdraw(NewsKind.ATTENTION, ["k2"])


def test_what_is_well_before_it_was_shown_is_not_shown(grouping: Grouping) -> None:
    grouping.add([news(1, NewsKind.ATTENTION)], 0.0)
    assert not grouping.withdraw(NewsKind.ATTENTION, ["k1"])
    assert grouping.due(100.0) == []


@pytest.mark.parametrize("kind", list(NewsKind))
def test_every_kind_has_words_for_many(kind: NewsKind) -> None:
    note = note_of(kind, [news(n, kind) for n in range(1200)])
    assert note.title.startswith("1,200 ")
    assert note.text.endswith("and 1,197 more")
