"""Which changes are worth a notification."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from runferry.desktop.system.news import REMEMBERED, News, NewsFinder, NewsKind
from runferry.status import ConnectionState, DamageReport, RunState, RunStatus, ServerStatus, SyncState

STARTED = 1000.0
URL = "https://wandb.company.com"


def run(state: RunState = RunState.RUNNING, **changes: Any) -> RunStatus:
    """A run of before the app's start."""
    made = RunStatus("/w/run-1", "1", "team", "vision", "resnet-7", URL, "", SyncState.SYNCING, state, started=500.0)
    return dataclasses.replace(made, **{"key": "k1", "last_step": 12400, **changes})


def server(state: ConnectionState, title: str = "") -> ServerStatus:
    return ServerStatus(URL, state, {"title": title, "slug": "key-refused"} if title else None)


def kinds(news: list[News]) -> list[NewsKind]:
    return [one.kind for one in news]


@pytest.fixture
def finder() -> NewsFinder:
    return NewsFinder(STARTED)


@pytest.mark.parametrize(
    ("end", "kind", "title"),
    [
        (RunState.FINISHED, NewsKind.FINISHED, "resnet-7 finished"),
        (RunState.FAILED, NewsKind.CRASHED, "resnet-7 failed"),
        (RunState.CRASHED, NewsKind.CRASHED, "resnet-7 crashed"),
        (RunState.KILLED, NewsKind.CRASHED, "resnet-7 was stopped"),
    ],
)
def test_a_run_that_was_live_ends(finder: NewsFinder, end: RunState, kind: NewsKind, title: str) -> None:
    assert finder.take([], [run()]) == []
    assert finder.take([], [run(end)]) == [News(kind, "k1", "resnet-7", title, "vision · step 12,400")]
    assert finder.take([], [run(end)]) == []


@pytest.mark.parametrize("end", [RunState.FINISHED, RunState.FAILED, RunState.CRASHED])
def test_a_run_that_ended_before_the_start_is_no_news(finder: NewsFinder, end: RunState) -> None:
    assert finder.take([], [run(RunState.UNKNOWN)]) == []
    assert finder.take([], [run(end)]) == []


def test_a_run_too_short_to_be_seen_live_is_news(finder: NewsFinder) -> None:
    found = finder.take([], [run(RunState.FINISHED, started=STARTED + 1)])
    assert kinds(found) == [NewsKind.FINISHED]


def test_an_end_that_is_seen_otherwise_later_is_told_once(finder: NewsFinder) -> None:
    finder.take([], [run()])
    assert kinds(finder.take([], [run(RunState.CRASHED)])) == [NewsKind.CRASHED]
    assert finder.take([], [run(RunState.FINISHED)]) == []


def test_a_run_that_goes_on_after_its_end_ends_again(finder: NewsFinder) -> None:
    states = [RunState.RUNNING, RunState.FINISHED, RunState.RUNNING, RunState.FINISHED]
    assert [len(finder.take([], [run(one)])) for one in states] == [0, 1, 0, 1]


def test_one_run_on_its_way_to_two_servers_is_one_run(finder: NewsFinder) -> None:
    ends = [run(RunState.FINISHED), run(RunState.FINISHED, key="k2", server="https://other")]
    finder.take([], [run()])
    assert len(finder.take([], ends)) == 1


def test_quiet_is_news_each_time_that_it_becomes_so(finder: NewsFinder) -> None:
    assert finder.take([], [run(RunState.QUIET)]) == []  # it was so at the start
    states = [RunState.RUNNING, RunState.QUIET, RunState.QUIET, RunState.RUNNING, RunState.QUIET]
    assert [kinds(finder.take([], [run(one)])) for one in states] == [[], [NewsKind.QUIET], [], [], [NewsKind.QUIET]]


def test_an_outage_is_news_once_until_the_server_was_reached(finder: NewsFinder) -> None:
    refused = server(ConnectionState.REFUSED, "The key was refused")
    told = finder.take([refused], [])
    assert told == [
        News(NewsKind.ATTENTION, URL, "wandb.company.com", "wandb.company.com needs you", "The key was refused")
    ]
    for state in (ConnectionState.REFUSED, ConnectionState.RETRYING, ConnectionState.PAUSED, ConnectionState.UNTRUSTED):
        assert finder.take([server(state, "x")], []) == []
    assert finder.take([server(ConnectionState.ONLINE)], []) == []
    assert kinds(finder.take([refused], [])) == [NewsKind.ATTENTION]


def test_a_server_that_is_only_tried_again_needs_nobody(finder: NewsFinder) -> None:
    assert finder.take([server(ConnectionState.RETRYING, "no answer")], []) == []


def test_an_outage_is_not_told_again_after_a_restart(finder: NewsFinder) -> None:
    refused = server(ConnectionState.REFUSED, "The key was refused")
    finder.take([refused], [])
    later = NewsFinder(STARTED + 100, finder.remembered)
    assert later.take([refused], []) == []
    later.take([server(ConnectionState.ONLINE)], [])
    assert kinds(later.take([refused], [])) == [NewsKind.ATTENTION]


def test_damage_is_told_once_for_ever(finder: NewsFinder) -> None:
    damaged = run(damage=DamageReport(1, 4096, 32))
    assert [(one.kind, one.text) for one in finder.take([], [damaged])] == [(NewsKind.DAMAGE, "32 rows are lost")]
    assert finder.take([], [damaged]) == []
    assert NewsFinder(0, finder.remembered).take([], [damaged]) == []


def test_damage_without_a_count_of_rows_is_told_in_bytes(finder: NewsFinder) -> None:
    (told,) = finder.take([], [run(damage=DamageReport(1, 4096, None))])
    assert told.text == "4.1 kB cannot be read"


@pytest.mark.parametrize("changes", [{"damage": DamageReport(0, 0, 0)}, {"damage": DamageReport(1, 9, 1), "held": "x"}])
def test_no_damage_and_runs_that_nobody_asked_for_are_no_news(finder: NewsFinder, changes: dict[str, Any]) -> None:
    assert finder.take([], [run(**changes)]) == []


def test_a_run_that_needs_a_person(finder: NewsFinder) -> None:
    stuck = run(state=RunState.RUNNING, error={"slug": "run-deleted", "title": "This run was deleted on the server"})
    stuck = dataclasses.replace(stuck, state=SyncState.PROBLEM)
    (told,) = finder.take([], [stuck])
    assert (told.kind, told.text) == (NewsKind.ATTENTION, "This run was deleted on the server")
    assert finder.take([], [dataclasses.replace(stuck, state=SyncState.SYNCING), stuck]) == []
    assert finder.take([], [dataclasses.replace(stuck, state=SyncState.VERIFIED), stuck]) != []


def test_what_stops_all_runs_of_a_server_is_told_of_the_server(finder: NewsFinder) -> None:
    stuck = dataclasses.replace(run(error={"slug": "key-refused", "title": "x"}), state=SyncState.PROBLEM)
    told = finder.take([server(ConnectionState.REFUSED, "The key was refused")], [stuck])
    assert [one.subject for one in told] == [URL]


def test_only_the_newest_is_remembered() -> None:
    finder = NewsFinder(0)
    many = [run(path=f"/w/{n}", damage=DamageReport(1, 1, 1)) for n in range(REMEMBERED + 5)]
    assert len(finder.take([], many)) == REMEMBERED + 5
    assert len(finder.remembered) == REMEMBERED
    assert finder.remembered[-1] == f"damage /w/{REMEMBERED + 4}"
