"""The ledger: places before sending, acknowledgements after, the same answer after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runferry.clock import SystemClock
from runferry.errors import AppError
from runferry.state import schema
from runferry.state.database import Database, file_system_of
from runferry.state.deliverables import SentFile
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger, Placement


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state" / "runferry.db") as opened:
        yield opened


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database, SystemClock())


def a_delivery(ledger: Ledger, log: str = "a", run: str = "r1") -> Delivery:
    source = ledger.source(f"identity of {log}", run, Path(f"/runs/{log}"))
    return ledger.delivery(source, ledger.target("server", "me", "demo", run))


def test_a_log_keeps_its_id_at_a_new_path(ledger: Ledger) -> None:
    first = ledger.source("same", "r1", Path("/here/run.wandb"))
    assert ledger.source("same", "r1", Path("/there/run.wandb")) == first
    assert ledger.paths_of("r1") == []
    ledger.delivery(first, ledger.target("s", "e", "p", "r1"))
    assert ledger.paths_of("r1") == ["/there/run.wandb"]


def test_lines_get_consecutive_places(ledger: Ledger) -> None:
    delivery = a_delivery(ledger)
    assert ledger.place(delivery, "history", 0, 10) == [Placement(0, 0, 10)]
    assert ledger.place(delivery, "history", 10, 5) == [Placement(10, 10, 5)]
    assert ledger.place(delivery, "events", 0, 3) == [Placement(0, 0, 3)]
    assert ledger.server_lines(delivery.target) == {"history": 15, "events": 3, "console": 0}


def test_the_same_lines_get_the_same_places_again(ledger: Ledger) -> None:
    delivery = a_delivery(ledger)
    ledger.place(delivery, "history", 0, 10)
    assert ledger.place(delivery, "history", 4, 3) == [Placement(4, 4, 3)]
    assert ledger.place(delivery, "history", 8, 4) == [Placement(8, 8, 2), Placement(10, 10, 2)]


def test_two_logs_of_one_run_share_its_lines(ledger: Ledger) -> None:
    one, other = a_delivery(ledger, "one"), a_delivery(ledger, "other")
    assert ledger.place(one, "history", 0, 4) == [Placement(0, 0, 4)]
    assert ledger.place(other, "history", 0, 4) == [Placement(0, 4, 4)]
    assert ledger.place(one, "history", 4, 2) == [Placement(4, 8, 2)]
    assert ledger.place(one, "history", 2, 4) == [Placement(2, 2, 2), Placement(4, 8, 2)]
    assert ledger.count_deliveries(one.target) == 2


def test_foreign_lines_on_the_server_come_first(ledger: Ledger) -> None:
    delivery = a_delivery(ledger)
    ledger.set_base(delivery.target, {"history": 100, "events": 7, "console": 0})
    assert ledger.place(delivery, "history", 0, 2) == [Placement(0, 100, 2)]
    assert ledger.server_lines(delivery.target) == {"history": 102, "events": 7, "console": 0}


def test_adopted_lines_count_as_acknowledged(ledger: Ledger) -> None:
    delivery = a_delivery(ledger)
    ledger.adopt(delivery, {"history": 30, "events": 2, "console": 0})
    again = a_delivery(ledger)
    assert again.acknowledged == {"history": 30, "events": 2, "console": 0}
    assert ledger.place(again, "history", 30, 1) == [Placement(30, 30, 1)]


def test_acknowledgements_never_go_back(ledger: Ledger) -> None:
    delivery = a_delivery(ledger)
    ledger.acknowledge(delivery, {"history": 10, "events": 1, "console": 4}, 500, {"history": 10, "events": 1})
    ledger.acknowledge(delivery, {"history": 3, "events": 0, "console": 9}, 100, {"history": 3, "events": 0})
    again = a_delivery(ledger)
    assert again.acknowledged == {"history": 10, "events": 1, "console": 9}
    assert (again.position, again.at_position) == (500, {"history": 10, "events": 1})


def test_files_and_alerts_are_remembered(ledger: Ledger) -> None:
    delivery = a_delivery(ledger)
    ledger.file_sent(delivery, SentFile("a.txt", 3, "ff", 9))
    ledger.files_announced(delivery, ["a.txt"])
    ledger.alert_sent(delivery, 0)
    ledger.alert_sent(delivery, 0)
    assert ledger.sent_files(delivery) == {"a.txt": SentFile("a.txt", 3, "ff", 9, announced=True)}
    assert ledger.alerts_sent(delivery) == {0}


def test_a_failed_transaction_leaves_nothing(database: Database, ledger: Ledger) -> None:
    def insert_and_fail() -> None:
        with database.transaction() as db:
            db.execute("INSERT INTO targets (server, entity, project, run_id) VALUES ('s', 'e', 'p', 'r')")
            db.execute("INSERT INTO nonsense VALUES (1)")

    with pytest.raises(AppError):
        insert_and_fail()
    assert database.rows("SELECT * FROM targets") == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 20)), max_size=25))
def test_no_two_lines_share_a_place(tmp_path: Path, turns: list[tuple[int, int]]) -> None:
    """Three logs of one run grow in any order: each line has one place, and there is no hole."""
    with Database(tmp_path / "s.db") as database:
        ledger = Ledger(database, SystemClock())
        with database.transaction() as db:
            db.execute("DELETE FROM targets")
        logs = [a_delivery(ledger, str(number)) for number in range(3)]
        lengths, taken = [0, 0, 0], {}
        for which, count in turns:
            for place in ledger.place(logs[which], "history", lengths[which], count):
                for step in range(place.count):
                    assert place.server_first + step not in taken
                    taken[place.server_first + step] = (which, place.first + step)
            lengths[which] += count
        assert sorted(taken) == list(range(sum(lengths)))


def test_a_newer_state_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
    connection.execute("PRAGMA user_version=999")
    connection.close()
    with pytest.raises(AppError) as caught:
        Database(path).open()
    assert caught.value.slug == "state-from-elsewhere"
    assert path.exists()


def test_a_file_that_is_no_database_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(AppError) as caught:
        Database(path).open()
    assert caught.value.slug == "state-broken"


def test_the_file_system_is_found_by_the_longest_mount_point(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"rootfs / ext4 rw 0 0\nhost:/x {tmp_path} nfs4 rw 0 0\nother {tmp_path}-not xfs rw 0 0\n")
    assert file_system_of(tmp_path / "deep", mounts) == "nfs4"
    assert file_system_of(Path("/"), mounts) == "ext4"
    assert file_system_of(tmp_path, tmp_path / "missing") == ""
