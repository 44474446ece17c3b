"""Texts that are no Unicode come out of the state as they went in, and sort and begin alike."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from runferry.clock import SystemClock
from runferry.state.any_text import AnyTextConnection, from_stored, to_stored
from runferry.state.database import Database
from runferry.state.delivery import MEANING
from runferry.state.ledger import Ledger

ANY = some.text(some.characters(codec=None) | some.sampled_from("\ud800\udcff\udfff\ufdd0\0/0c80"))


@given(ANY)
def test_every_text_comes_back(text: str) -> None:
    assert from_stored(to_stored(text).encode()) == text


@given(ANY, ANY)
def test_it_goes_character_by_character(first: str, second: str) -> None:
    """So a folder is still the beginning of what lies in it, and two texts are one only where they are."""
    assert to_stored(first + second) == to_stored(first) + to_stored(second)
    assert (to_stored(first) == to_stored(second)) == (first == second)


@given(some.text(some.characters(codec="utf-8", exclude_characters="\ufdd0")))
def test_ordinary_texts_are_kept_as_they_are(text: str) -> None:
    assert to_stored(text) == text


@given(some.binary())
def test_whatever_a_disk_made_of_a_text_is_read(kept: bytes) -> None:
    from_stored(kept)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", factory=AnyTextConnection)
    yield made
    made.close()


def test_values_of_queries(connection: sqlite3.Connection) -> None:
    odd = os.fsdecode(b"/n\xff/\xed\xa0\x80")
    connection.execute("CREATE TABLE t (a TEXT, b INTEGER) STRICT")
    connection.executemany("INSERT INTO t VALUES (?, ?)", ((odd, number) for number in range(2)))
    connection.execute("INSERT INTO t VALUES (?, ?)", ["\ufdd0", None])
    assert connection.execute("SELECT a FROM t WHERE a = ? AND b = 1", (odd,)).fetchall() == [(odd,)]
    assert connection.execute("SELECT a FROM t WHERE b IS NULL").fetchone() == ("\ufdd0",)


def test_paths_in_the_ledger(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(b"/data/n\xff"))
    log = folder / "run" / os.fsdecode(b"run-\xfe.wandb")
    with Database(tmp_path / "state.db") as database:
        ledger = Ledger(database, SystemClock())
        delivery = ledger.delivery(ledger.source("id", "r", log), ledger.target("s", "e", "p", "r"))
        ledger.update(
            delivery,
            state="verified",
            meaning=MEANING,
            verified_size=1,
            error={"message": str(log)},
            counts={"name": "\udcff"},
        )
    with Database(tmp_path / "state.db") as database:
        ledger = Ledger(database, SystemClock())
        ((found, row),) = ledger.deliveries_of(log)
        assert (row["path"], found.error, found.counts) == (str(log), {"message": str(log)}, {"name": "\udcff"})
        assert [one["path"] for one in ledger.verified_logs(str(folder), is_folder=True)] == [str(log)]
        assert ledger.verified_logs(os.fsdecode(b"/data/n\xfe"), is_folder=True) == []
        assert ledger.paths_of("r") == [str(log)]
