"""A state file with flipped bits, cut off, full of zeros, of another program, on a full or read-only disk: a sentence
with what to do, or a new file in its place, and nothing is sent twice."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runferry.cli.main import run
from runferry.errors import AppError
from runferry.state.asked import AskedTable
from runferry.state.database import Database
from runferry.state.pauses import Paused, PauseTable
from runferry.state.rebuilding import ASKED_ANEW, TAKEN_OVER, open_or_rebuild
from support.processes import Server, python, serving

TRAIN = """
import runferry
for number in range(3):
    with runferry.init(project="p", id=f"run{number}") as run:
        run.log({"x": 1})
"""
ROUNDS = 12  # of random damage; some thousand were tried by hand


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as running:
        yield running


@pytest.fixture
def tree(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs that are verified on a server."""
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    python(TRAIN, tmp_path)
    assert run(["sync", str(tmp_path / "wandb")]) == 0
    return tmp_path / "wandb"


@pytest.fixture
def state(tree: Path) -> Path:
    """The state file, with all in it that was in its write-ahead log."""
    path = Path(os.environ["RUNFERRY_HOME"]) / "state" / "runferry.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def put(state: Path, data: bytes) -> None:
    for one in state.parent.glob(f"{state.name}*"):
        one.unlink()
    state.write_bytes(data)


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Damage of four kinds: bits, pages of zeros, a cut, bits in the header and in the description of the tables."""
    made = bytearray(data)
    kind = chance.randrange(4)
    if kind == 0:
        for _ in range(chance.choice((1, 3, 30))):
            made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        page = chance.randrange(len(made) // 4096) * 4096
        made[page : page + 4096] = bytes(4096)
    elif kind == 2:
        del made[chance.randrange(len(made)) :]
    else:
        made[chance.randrange(4096)] ^= 1 << chance.randrange(8)
    return bytes(made)


def test_no_command_ends_in_a_traceback(tree: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = state.read_bytes()
    for seed in range(ROUNDS):
        data = flipped(whole, random.Random(seed))
        for words in (["status"], ["verify", "run1"], ["clean", "--dry-run", str(tree)]):
            put(state, data)
            assert run(words) in (0, 1, 2)
        put(state, data)
        code = run(["sync", str(tree)])
        said = "".join(capsys.readouterr())
        assert "Traceback" not in said
        assert "inside Runferry" not in said
        assert code == 0 or "The state file is not usable" in said  # a bit of its number makes it another program's


def test_a_damaged_file_is_put_aside_and_nothing_is_sent_twice(
    tree: Path, state: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sorted(len(one.read_bytes()) for one in server.data.rglob("wandb-history.jsonl"))
    state.write_bytes(b"\0" * state.stat().st_size)
    assert run(["status"]) == 1
    assert "Start the app, or sync a run" in capsys.readouterr().err
    assert state.read_bytes() == b"\0" * state.stat().st_size  # whoever only looks changes nothing
    assert run(["sync", str(tree)]) == 0
    assert f"{state}.damaged-1" in capsys.readouterr().err
    assert sorted(len(one.read_bytes()) for one in server.data.rglob("wandb-history.jsonl")) == rows
    assert run(["verify", "run0"]) == 0
    assert "damaged" not in capsys.readouterr().err


def test_what_a_person_said_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Database(path) as database:
        PauseTable(database).put(Paused.SERVER, "https://a.example", None)
        with database.transaction() as db:
            db.execute("CREATE TABLE big (x)")
            db.executemany("INSERT INTO big VALUES (?)", [("x" * 900,) for _ in range(100)])
            (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'big'").fetchone()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(data)
    database = Database(path)
    told = open_or_rebuild(database)
    assert told is not None
    assert "have to be named again" not in told.message
    assert PauseTable(database).all(Paused.SERVER) == {"https://a.example": None}
    assert list(AskedTable(database).all()) == []
    database.close()


def test_of_every_table_it_is_known_whether_it_is_taken_over(tmp_path: Path) -> None:
    """A new table with something that a person said must not be forgotten here."""
    with Database(tmp_path / "state.db") as database:
        found = database.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {one["name"] for one in found} == ASKED_ANEW.union(TAKEN_OVER)


def test_a_file_that_cannot_be_put_aside_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full, say: the new one cannot be made. (A full disk cannot be had here, so its error is made up.)"""
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 1000)
    opened = Database.open

    def full(self: Database, is_checked: bool = False) -> Database:
        if is_checked:
            return opened(self, is_checked)
        self.path.write_bytes(b"half")
        raise AppError("disk-full", "The disk is full", "", "")

    monkeypatch.setattr(Database, "open", full)
    with pytest.raises(AppError) as caught:
        open_or_rebuild(Database(path))
    assert caught.value.slug == "state-broken"
    assert [(one.name, one.stat().st_size) for one in tmp_path.iterdir()] == [("state.db", 11000)]


def test_a_newer_or_foreign_file_is_left_alone(tree: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for pragma in ("user_version = 99", "application_id = 7"):
        with closing(sqlite3.connect(state)) as db:
            db.execute(f"PRAGMA {pragma}")
        for words in (["status"], ["sync", str(tree)], ["verify", "run1"], ["clean", "--dry-run", str(tree)]):
            assert run(words) == 1
            assert "Update Runferry, or move the file away" in capsys.readouterr().err
    assert [one.name for one in state.parent.glob("*damaged*")] == []


def test_a_folder_in_its_place_is_told(tree: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for one in state.parent.glob(f"{state.name}*"):
        one.unlink()
    state.mkdir()
    for words in (["status"], ["sync", str(tree)]):
        assert run(words) == 1
        assert "The state folder cannot be used" in capsys.readouterr().err
