"""A log meets a run on a server that has lines already: none is sent twice, none takes the place of another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.errors import NeedsUser
from runferry.remote.runs import RemoteRun
from runferry.state.database import Database
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger, Placement
from runferry.sync import first_contact


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


def settle(ledger: Ledger, delivery: Delivery, remote: RemoteRun | None, log: Path) -> None:
    first_contact.settle(ledger, delivery, remote, log, threading.Semaphore(1))


def test_a_second_log_goes_behind_rows_that_somebody_else_wrote_meanwhile(ledger: Ledger, tmp_path: Path) -> None:
    sent(ledger, "a", 5)
    second = a_delivery(ledger, "b")
    settle(ledger, second, having(11), tmp_path / "b.wandb")
    assert ledger.place(second, "history", 0, 2) == [Placement(0, 11, 2)]


def test_a_log_that_goes_on_is_placed_behind_them_too(ledger: Ledger, tmp_path: Path) -> None:
    first = sent(ledger, "a", 5)
    log = tmp_path / "a.wandb"
    log.write_bytes(bytes(101))
    settle(ledger, first, having(11), log)
    assert ledger.place(first, "history", 5, 2) == [Placement(5, 11, 2)]


def test_a_server_that_lost_rows_is_found_out_by_the_place_of_the_last_one(ledger: Ledger, tmp_path: Path) -> None:
    first, second = sent(ledger, "a", 100), sent(ledger, "b", 50)
    log = tmp_path / "b.wandb"
    log.write_bytes(bytes(101))
    for delivery, rows in ((second, 70), (second, 149), (first, 99)):
        with pytest.raises(NeedsUser) as caught:
            settle(ledger, delivery, having(rows), log)
        assert caught.value.slug == "rows-lost-on-server"
    settle(ledger, second, having(150), log)
