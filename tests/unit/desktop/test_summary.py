"""Everything as one mood and one sentence: trouble first, then what moves; and sums that always add up."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.desktop import own_server
from runferry.desktop.look.words import of_run
from runferry.desktop.run.sentence import sentence
from runferry.desktop.summary import Mood, Totals, live_runs, retry_line, server_name, summarize, totals
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, Snapshot, SyncState
from support.scripted import NOW, URL, a_run, a_snapshot

LOCAL = "http://127.0.0.1:8080"
UNTRUSTED = {"slug": "tls-unknown-ca", "title": "Certificate not trusted", "message": "m", "todo": "t"}


def said(*runs: RunStatus, servers: tuple[ServerStatus, ...] = ()) -> tuple[Mood, str, str]:
    found = summarize(a_snapshot(servers=servers), totals(runs), NOW)
    return found.mood, found.headline, found.sentence


def test_nothing_at_all_is_up_to_date() -> None:
    assert said() == (Mood.UP_TO_DATE, "Up to date", "Up to date — 0 verified")


def test_all_verified_and_one_live() -> None:
    live = a_run(2, run_state=RunState.RUNNING, state=SyncState.SENT)
    assert said(a_run(1), live)[2] == "Up to date — 1 run live, 1 verified"


def test_syncing_counts_what_is_under_way() -> None:
    runs = [a_run(1), a_run(2, state=SyncState.SYNCING), a_run(3, state=SyncState.WAITING)]
    assert said(*runs) == (Mood.SYNCING, "Syncing", "Syncing 2 of 3 — 1 run done")


def test_runs_that_wait_their_turn_are_not_up_to_date() -> None:
    assert said(a_run(1), a_run(2, state=SyncState.WAITING))[0] is Mood.SYNCING


def test_runs_that_wait_until_asked_are_no_work() -> None:
    held = a_run(2, state=SyncState.WAITING, held="Runs of this folder wait until you ask")
    assert said(a_run(1), held)[:2] == (Mood.UP_TO_DATE, "Up to date")


def test_retrying_tells_when() -> None:
    server = ServerStatus(URL, ConnectionState.RETRYING, next_try=NOW + 42)
    mood, headline, sentence = said(a_run(1, state=SyncState.RETRYING), servers=(server,))
    assert (mood, headline) == (Mood.RETRYING, "Retrying")
    assert sentence == "Retrying wandb.company.com — next try in 0:42"
    assert retry_line(replace(server, next_try=NOW - 3), NOW) == "Retrying wandb.company.com — trying now"
    assert retry_line(replace(server, next_try=None), NOW).endswith("trying now")


def test_a_server_that_waits_for_a_person_comes_first() -> None:
    servers = (
        ServerStatus(LOCAL, ConnectionState.RETRYING, next_try=NOW + 5),
        ServerStatus(URL, ConnectionState.UNTRUSTED, cause=UNTRUSTED),
    )
    mood, headline, sentence = said(a_run(1, state=SyncState.SYNCING), servers=servers)
    assert (mood, headline) == (Mood.ATTENTION, "1 problem")
    assert sentence == "wandb.company.com: Certificate not trusted"


def test_a_problem_of_a_run_needs_a_person() -> None:
    found = said(a_run(1, state=SyncState.PROBLEM), a_run(2, state=SyncState.PROBLEM))
    assert found == (Mood.ATTENTION, "2 problems", "2 problems need you")
    assert said(a_run(1, state=SyncState.PROBLEM))[2] == "1 problem needs you"


def test_paused_only_when_all_servers_are() -> None:
    paused, online = ServerStatus(URL, ConnectionState.PAUSED), ServerStatus(LOCAL, ConnectionState.ONLINE)
    assert said(servers=(paused,))[0] is Mood.PAUSED
    assert said(servers=(paused, online))[0] is Mood.UP_TO_DATE
    assert said(a_run(1, state=SyncState.WAITING), servers=(paused,))[0] is Mood.PAUSED


def test_a_pause_of_everything_says_until_when() -> None:
    found = summarize(a_snapshot(is_paused=True, paused_until=NOW + 1800), Totals(), NOW)
    assert found.sentence == f"Paused until {time.strftime('%H:%M', time.localtime(NOW + 1800))}"
    assert said(servers=(ServerStatus(URL, ConnectionState.PAUSED),))[2] == "Paused: nothing is sent until you resume"


def test_a_metered_network_is_named_as_the_reason() -> None:
    held = ServerStatus(URL, ConnectionState.PAUSED, paused_because="metered network")
    near = ServerStatus(LOCAL, ConnectionState.ONLINE)
    assert said(a_run(1, state=SyncState.WAITING), servers=(held, near)) == (
        Mood.PAUSED,
        "Paused",
        "Paused: metered network",
    )
    asked_for = ServerStatus("https://other.example", ConnectionState.ONLINE)
    assert said(servers=(held, asked_for))[0] is Mood.UP_TO_DATE


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", "this computer"),
        ("local", "this computer"),
        (LOCAL, "this computer"),
        ("https://wandb.company.com/path", "wandb.company.com"),
        ("https://wandb.company.com:8443", "wandb.company.com:8443"),
        ("nonsense", "nonsense"),
    ],
)
def test_servers_as_people_call_them(url: str, name: str) -> None:
    assert server_name(url) == name


def test_a_tunnel_on_this_computer_is_another_server() -> None:
    own_server.note((LOCAL,))
    assert server_name(LOCAL) == "this computer"
    assert server_name("local") == "this computer"
    assert server_name("http://127.0.0.1:9") == "127.0.0.1:9"
    own_server.note(None)
    assert server_name("http://127.0.0.1:9") == "127.0.0.1:9", "who does not know says nothing new"


RUNS = st.lists(
    st.builds(
        lambda state, run_state, held, rows, sent, read, total: a_run(
            0,
            state=state,
            run_state=run_state,
            held=held,
            rows=rows,
            rows_acknowledged=sent,
            bytes_read=read,
            bytes_total=total,
        ),
        st.sampled_from(SyncState),
        st.sampled_from(RunState),
        st.sampled_from(["", "", "because"]),
        *[st.integers(0, 10**9)] * 4,
    ),
    max_size=30,
)


@given(RUNS)
def test_sums_add_up_and_are_never_negative(runs: list[RunStatus]) -> None:
    found = totals(runs)
    assert found.runs == len(runs) == sum(found.by_state.values())
    numbers = [value for name, value in vars(found).items() if name != "by_state"]
    assert all(number >= 0 for number in numbers)
    assert found.held == sum(bool(one.held) for one in runs)
    assert found.waiting + found.held <= len(runs)
    whole = totals(runs[:3]), totals(runs[3:])
    for name in ("runs", "live", "verified_bytes", "waiting_bytes", "rows_waiting", "waiting", "held"):
        assert getattr(found, name) == sum(getattr(one, name) for one in whole)


@given(RUNS, st.lists(st.sampled_from(ConnectionState), max_size=3))
def test_there_is_always_a_sentence(runs: list[RunStatus], states: list[ConnectionState]) -> None:
    servers = tuple(ServerStatus(URL, one) for one in states)
    found = summarize(Snapshot("1", 1, NOW, (), servers), totals(runs), NOW)
    assert found.headline
    assert found.sentence


def test_what_was_silent_for_an_hour_is_not_called_live() -> None:
    """A dry run that was killed years ago has no end in its log, and nobody can see its process."""
    now = time.time()
    quiet = [a_run(number, run_state=RunState.QUIET, changed=now - age) for number, age in enumerate((600, 43_200))]
    old = a_run(2, run_state=RunState.QUIET, changed=None)
    assert totals([*quiet, old]).live == 2
    assert [one.key for one in live_runs(quiet)] == ["key0"]
    assert [of_run(one).word for one in quiet] == ["Live", "Quiet"]
    assert "nothing was written for 12 h" in sentence(quiet[1], None, now)


def test_a_live_run_that_is_sent_as_it_is_written_is_up_to_date() -> None:
    live = a_run(0, run_state=RunState.RUNNING, state=SyncState.SYNCING, rows=500, rows_acknowledged=480)
    assert said(live)[0] is Mood.UP_TO_DATE
    assert said(replace(live, rows=50_000))[0] is Mood.SYNCING
    assert said(replace(live, bytes_total=5 << 20))[0] is Mood.SYNCING
    assert said(replace(live, run_state=RunState.FINISHED))[0] is Mood.SYNCING
