"""A log meets a run on a server that has lines already: none is sent twice, none takes the place of another."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.errors import NeedsUser
from runferry.remote.runs import RemoteRun
from runferry.state.database import Database
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger, Placement
from runferry.sync import first_contact
from runferry.sync.source import Source


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Database(tmp_path / "state" / "runferry.db") as opened:
        yield Ledger(opened, SystemClock())


def a_delivery(ledger: Ledger, log: str) -> Delivery:
    source = ledger.source(f"identity of {log}", "r1", Path(f"/runs/{log}"))
    return ledger.delivery(source, ledger.target("server", "me", "demo", "r1"))


def sent(ledger: Ledger, log: str, rows: int) -> Delivery:
    """A log of which so many rows were sent and acknowledged."""
    delivery = a_delivery(ledger, log)
    ledger.place(delivery, "history", 0, rows)
    ledger.acknowledge(delivery, {"history": rows, "events": 0, "console": 0}, 100, {"history": rows, "events": 0})
    return a_delivery(ledger, log)


def having(rows: int) -> RemoteRun:
    return RemoteRun("id", {"history": rows, "events": 0, "console": 0}, history_tail=['{"theirs": 1}'])


def settle(
    ledger: Ledger, delivery: Delivery, remote: RemoteRun | None, log: Path, there: Sequence[str] = ("{}",) * 11
) -> None:
    def read_back(start: int, end: int, _: int) -> list[str]:
        return [row for row in there if start <= json.loads(row).get("_step", 0) < end]

    first_contact.settle(ledger, delivery, remote, log, threading.Semaphore(1), read_back)


def a_log(folder: Path, rows: int, first: int = 0) -> tuple[Path, list[str]]:
    """A log with an alert behind its second row, and its rows as they are sent."""
    run = runferry.init(project="p", dir=str(folder), settings={"console": "off", "silent": True})
    for number in range(first, first + rows):
        run.log({"whole": number})
        if number == first + 1:
            run.alert("title", "text")
    run.finish()
    log = next((folder / "wandb").glob("offline-run-*/*.wandb"))
    return log, Source.alone(log).read().history


def server_with(rows: list[str]) -> RemoteRun:
    return RemoteRun("id", {"history": len(rows), "events": 0, "console": 0}, history_tail=rows[-1:])


def moved(rows: list[str], by: int) -> list[str]:
    """The rows with the steps that a resumed run gives them."""
    return [json.dumps({**json.loads(row), "_step": json.loads(row)["_step"] + by}) for row in rows]


def test_a_second_log_goes_behind_rows_that_somebody_else_wrote_meanwhile(ledger: Ledger, tmp_path: Path) -> None:
    sent(ledger, "a", 5)
    second = a_delivery(ledger, "b")
    settle(ledger, second, having(11), a_log(tmp_path, 2)[0])
    assert ledger.place(second, "history", 0, 2) == [Placement(0, 11, 2)]


def test_a_log_that_goes_on_is_placed_behind_them_too(ledger: Ledger, tmp_path: Path) -> None:
    first = sent(ledger, "a", 5)
    log = tmp_path / "a.wandb"
    log.write_bytes(bytes(101))
    settle(ledger, first, having(11), log)
    assert ledger.place(first, "history", 5, 2) == [Placement(5, 11, 2)]


def test_rows_that_another_machine_sent_of_the_same_log_are_adopted(ledger: Ledger, tmp_path: Path) -> None:
    log, rows = a_log(tmp_path, 10)
    first = sent(ledger, "a", 5)
    settle(ledger, first, server_with(rows[:8]), log)
    assert a_delivery(ledger, "a").acknowledged["history"] == 8
    assert ledger.place(first, "history", 8, 2) == [Placement(8, 8, 2)]
    assert ledger.server_lines(first.target)["history"] == 10


def test_a_server_that_lost_rows_is_found_out_by_the_place_of_the_last_one(ledger: Ledger, tmp_path: Path) -> None:
    first, second = sent(ledger, "a", 100), sent(ledger, "b", 50)
    log = tmp_path / "b.wandb"
    log.write_bytes(bytes(101))
    for delivery, rows in ((second, 70), (second, 149), (first, 99)):
        with pytest.raises(NeedsUser) as caught:
            settle(ledger, delivery, having(rows), log)
        assert caught.value.slug == "rows-lost-on-server"
    settle(ledger, second, having(150), log)


def test_fragments_that_were_sent_before_are_found_without_a_ledger(ledger: Ledger, tmp_path: Path) -> None:
    (one, first), (other, second) = a_log(tmp_path / "1", 5), a_log(tmp_path / "2", 3, 5)
    there = [*first, *moved(second, 5)]
    for name, log, rows in (("a", one, 5), ("b", other, 3)):
        settle(ledger, a_delivery(ledger, name), server_with(there), log, there)
        delivery = a_delivery(ledger, name)
        assert delivery.acknowledged["history"] == rows
        assert ledger.alerts_sent(delivery) == {0}
    assert ledger.server_lines(delivery.target)["history"] == 8
    assert ledger.place(delivery, "history", 0, 4) == [Placement(0, 5, 3), Placement(3, 8, 1)]
    assert delivery.starting_step == 5


def test_a_fragment_of_which_only_the_front_was_sent_goes_on_behind_the_others(ledger: Ledger, tmp_path: Path) -> None:
    (one, first), (_, second) = a_log(tmp_path / "1", 5), a_log(tmp_path / "2", 3, 5)
    there = [*first[:1], *second]
    settle(ledger, a_delivery(ledger, "a"), server_with(there), one, there)
    delivery = a_delivery(ledger, "a")
    assert delivery.acknowledged["history"] == 1
    assert ledger.place(delivery, "history", 1, 4) == [Placement(1, 4, 4)]
    assert ledger.alerts_sent(delivery) == set()


def test_a_fragment_that_was_never_sent_goes_behind_what_is_there(ledger: Ledger, tmp_path: Path) -> None:
    (one, _), (_, second) = a_log(tmp_path / "1", 5), a_log(tmp_path / "2", 3, 5)
    settle(ledger, a_delivery(ledger, "a"), server_with(second), one, second)
    delivery = a_delivery(ledger, "a")
    assert delivery.acknowledged["history"] == 0
    assert ledger.place(delivery, "history", 0, 5) == [Placement(0, 3, 5)]
    assert ledger.alerts_sent(delivery) == set()


@pytest.mark.parametrize("is_readable", [True, False], ids=["a row in between is missing", "rows are not given back"])
def test_nothing_is_sent_where_it_is_not_sure(ledger: Ledger, tmp_path: Path, is_readable: bool) -> None:
    (one, first), (_, second) = a_log(tmp_path / "1", 5), a_log(tmp_path / "2", 3, 5)
    there = [*first[:1], *first[2:], *second]
    with pytest.raises(NeedsUser) as caught:
        settle(ledger, a_delivery(ledger, "a"), server_with(there), one, there if is_readable else [])
    assert caught.value.slug == "rows-of-unknown-origin"
    assert ledger.server_lines(a_delivery(ledger, "a").target)["history"] == 0


def test_events_that_the_app_measured_do_not_make_a_known_log_a_stranger(ledger: Ledger, tmp_path: Path) -> None:
    log, rows = a_log(tmp_path, 3)
    delivery = a_delivery(ledger, "log")
    remote = RemoteRun("id", {"history": 3, "events": 7, "console": 0}, rows[-1:], ['{"_timestamp": 1.0}'])
    settle(ledger, delivery, remote, log, there=())  # without reading anything back
    found = a_delivery(ledger, "log")
    assert found.acknowledged["history"] == 3
    assert found.acknowledged["events"] == 0
    (place,) = ledger.place(found, "events", 0, 1, "host")
    assert place.server_first == 7
