"""From many events few updates: the newest of each run, never while the window is busy, on the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Signal
from pytestqt.qtbot import QtBot

from runferry.desktop.bridge import Bridge, Update
from runferry.desktop.summary import MOST_LIVE
from runferry.events import Event
from runferry.status import ConnectionState, RunState, ServerStatus, SyncState
from support.scripted import URL, ScriptedSource, a_run

Start = Callable[[ScriptedSource], tuple[Bridge, list[Update]]]


@pytest.fixture
def start(qtbot: QtBot) -> Iterator[Start]:
    """Starts a bridge over a source; gives it and the updates that it brought, from the first one on."""
    made: list[Bridge] = []

    def run(source: ScriptedSource) -> tuple[Bridge, list[Update]]:
        bridge, taken = Bridge(source), []
        made.append(bridge)
        bridge.updated.connect(taken.append)
        bridge.start()
        qtbot.waitUntil(lambda: bool(taken), timeout=5000)
        return bridge, taken

    yield run
    for one in made:
        one.stop()


def test_it_begins_with_everything(start: Start) -> None:
    bridge, taken = start(ScriptedSource(a_run(1), a_run(2)))
    assert {one.key for one in taken[0].runs} == {"key1", "key2"} == set(bridge.runs)
    assert taken[0].totals.runs == 2


def test_each_update_carries_the_newest_that_train_whether_or_not_they_changed(qtbot: QtBot, start: Start) -> None:
    live = [a_run(number, run_state=RunState.RUNNING, started=float(number)) for number in range(MOST_LIVE + 3)]
    held = a_run(100, run_state=RunState.RUNNING, started=1e9, held="not yet")
    source = ScriptedSource(*live, held, a_run(101, started=1e9))
    _, taken = start(source)
    newest = [one.key for one in reversed(live)][:MOST_LIVE]
    assert [one.key for one in taken[0].live] == newest
    source.put(a_run(101, last_step=7))
    source.bus.publish(Event("run", a_run(101).path))
    qtbot.waitUntil(lambda: any(one.runs for one in taken[1:]), timeout=5000)
    assert [one.key for one in taken[-1].live] == newest
    assert taken[-1].totals.live == MOST_LIVE + 3


def test_ten_thousand_events_are_few_updates_and_the_last_state_wins(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(*(a_run(number) for number in range(5)))
    _, taken = start(source)
    before = source.asked["statuses"]

    def publish() -> None:
        for number in range(10_000):
            run = a_run(number % 5, last_step=number)
            source.put(run)
            source.bus.publish(Event("run", run.path))

    publisher = threading.Thread(target=publish)
    publisher.start()

    def steps() -> dict[str, int | None]:
        return {run.key: run.last_step for update in taken for run in update.runs}

    qtbot.waitUntil(lambda: sorted(steps().values()) == [9995, 9996, 9997, 9998, 9999], timeout=20_000)
    publisher.join(10)
    assert source.asked["statuses"] - before < 200
    assert len(taken) < 200


def test_one_update_holds_each_run_once(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(a_run(1))
    _, taken = start(source)
    for number in range(50):
        source.bus.publish(Event("run", a_run(1).path, f"said {number}"))
    qtbot.waitUntil(lambda: sum(len(one.events) for one in taken) == 50, timeout=5000)
    assert all(len({run.key for run in one.runs}) == len(one.runs) for one in taken)


def test_it_waits_for_a_window_that_is_busy(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(a_run(1))
    _, taken = start(source)
    qtbot.waitUntil(lambda: source.asked["overview"] >= 2, timeout=8000)  # it is in its rhythm
    asked, blocked = source.asked.total(), threading.Event()
    seen = len(taken)

    def pester() -> None:
        for _ in range(500):
            source.bus.publish(Event("run", a_run(1).path))
            blocked.wait(0.001)
        blocked.set()

    pesterer = threading.Thread(target=pester)
    pesterer.start()
    pesterer.join()  # this thread, the window's, takes nothing meanwhile
    assert source.asked.total() - asked <= 4  # one round of two questions may be under way, one more be prepared
    qtbot.waitUntil(lambda: len(taken) > seen, timeout=5000)
    assert blocked.is_set()


def test_runs_that_went_are_told_with_their_keys(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(a_run(1), a_run(2), a_run(3))
    bridge, taken = start(source)
    del source.runs["key2"]
    source.bus.publish(Event("run", a_run(2).path))
    qtbot.waitUntil(lambda: any("key2" in one.gone for one in taken), timeout=5000)
    assert set(bridge.runs) == {"key1", "key3"}
    del source.runs["key3"]
    source.bus.publish(Event("folder"))  # a folder is no longer watched: everything is looked at anew
    qtbot.waitUntil(lambda: any("key3" in one.gone for one in taken), timeout=5000)
    assert taken[-1].totals.runs == 1


def test_one_of_two_ways_of_a_run_may_go(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(a_run(1), a_run(1, key="other", server="http://127.0.0.1:1"))
    bridge, taken = start(source)
    del source.runs["other"]
    source.bus.publish(Event("run", a_run(1).path))
    qtbot.waitUntil(lambda: any(one.gone for one in taken), timeout=5000)
    assert set(bridge.runs) == {"key1"}


def test_servers_are_looked_at_without_events(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource()
    _, taken = start(source)
    source.servers = (ServerStatus(URL, ConnectionState.RETRYING),)
    qtbot.waitUntil(lambda: taken[-1].overview.servers == source.servers, timeout=8000)


def test_look_again_finds_what_no_event_told(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(a_run(1))
    bridge, taken = start(source)
    source.put(a_run(1, state=SyncState.PROBLEM))
    bridge.look_again()
    qtbot.waitUntil(lambda: taken[-1].totals.problems == 1, timeout=5000)


def test_a_busy_bridge_does_not_look_at_everything_all_the_time(
    qtbot: QtBot, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runferry.desktop.bridge.PACE", 0.001)
    source = ScriptedSource(a_run(1))
    _, taken = start(source)
    for _ in range(120):
        seen = len(taken)
        source.bus.publish(Event("run", a_run(1).path))
        qtbot.waitUntil(lambda seen=seen: len(taken) > seen, timeout=5000)
    assert source.asked["snapshot"] == 1


def test_a_source_that_fails_once_is_asked_again(
    qtbot: QtBot, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = ScriptedSource(a_run(1))
    bridge, taken = start(source)
    whole, failed = source.snapshot, threading.Event()

    def once() -> object:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("scripted")
        return whole()

    monkeypatch.setattr(source, "snapshot", once)
    source.put(a_run(2))
    bridge.look_again()
    qtbot.waitUntil(failed.is_set, timeout=5000)
    qtbot.waitUntil(lambda: "key2" in bridge.runs, timeout=8000)
    assert "could not be told" in caplog.text
    assert taken


@pytest.mark.parametrize("asked", ["overview", "snapshot", "statuses"])
def test_what_was_said_while_the_source_failed_is_told_later(
    qtbot: QtBot, start: Start, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    source = ScriptedSource(a_run(1), a_run(2))
    bridge, taken = start(source)
    del source.runs["key2"]
    source.put(a_run(1, last_step=7))
    whole, failed = getattr(source, asked), threading.Event()

    def once(*about: object) -> object:
        if not failed.is_set():
            source.bus.publish(Event("add", "/later"))
            failed.set()
            raise RuntimeError("scripted")
        return whole(*about)

    monkeypatch.setattr(source, asked, once)
    seen = len(taken)
    source.bus.publish(Event("quit"))
    source.bus.publish(Event("run", a_run(1).path))
    source.bus.publish(Event("run", a_run(2).path))
    if asked == "snapshot":
        bridge.look_again()
    qtbot.waitUntil(lambda: sum(len(one.events) for one in taken) == 2, timeout=8000)
    assert failed.is_set()
    assert [event.kind for update in taken for event in update.events] == ["quit", "add"]
    assert [run.last_step for update in taken[seen:] for run in update.runs] == [7]
    assert [key for update in taken for key in update.gone] == ["key2"]


def test_stop_leaves_no_thread_and_brings_nothing_more(qtbot: QtBot, start: Start) -> None:
    source = ScriptedSource(a_run(1))
    bridge, taken = start(source)
    source.bus.publish(Event("run", a_run(1).path))
    bridge.stop()
    assert not any(one.is_alive() for one in source.threads)
    seen = len(taken)
    source.bus.publish(Event("run", a_run(1).path))
    QCoreApplication.sendPostedEvents()  # what was under way to the window when it stopped
    assert len(taken) == seen


class _Two(QObject):
    both = Signal(bool, object)


def test_a_signal_may_carry_true_and_none_thousands_of_times(qtbot: QtBot) -> None:
    """PySide6 6.12 on Python 3.10 and 3.11 drops a reference with each, and aborts after some hundreds."""
    source, heard = _Two(), []
    source.both.connect(lambda yes, nothing: heard.append((yes, nothing)))
    for _ in range(2000):
        source.both.emit(True, None)
    assert heard == [(True, None)] * 2000
