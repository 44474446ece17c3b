"""What commit f90d7c4 left: its folders, state and store open, and what it called verified is checked anew.

`verified` covers more now. Nothing is sent twice for it; what the earlier meaning did not see is put right.
"""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from runferry.state.delivery import MEANING
from runferry.state.schema import MIGRATIONS
from runferry.status import SyncState
from support import stores
from support.folders import FIXTURES
from support.in_process import Carrier, carrying


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """As it lay on the disk."""
    with tarfile.open(FIXTURES / "before.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def lines(carrier: Carrier, run_id: str) -> list[str]:
    folder = carrier.data / "runs" / "local" / "before" / run_id
    return [
        line
        for name in ("wandb-history.jsonl", "output.log")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    ]


def columns(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as state:
        return state.execute(query).fetchall()


def test_it_opens_and_is_checked_anew_without_sending_a_row_twice(top: Path) -> None:
    database = top / "home" / "state" / "runferry.db"
    (version,) = columns(database, "PRAGMA user_version")[0]
    assert version == 6 < len(MIGRATIONS)
    folders = sorted((top / "work" / "wandb").iterdir())
    before = {
        run_id: (top / f"store/runs/local/before/{run_id}/wandb-history.jsonl").stat() for run_id in ("alone", "parts")
    }
    stored = stores.read(top / "store", "parts", "before")
    assert ("a" in stored.summary, "c1" in stored.config) == (False, False), "the earlier fault is not in the fixture"
    with carrying(top) as carrier:
        kept = {run_id: lines(carrier, run_id) for run_id in before}
        found = carrier.sync(*folders)
        assert [(one.state, one.error, one.rows_sent) for one in found] == [(SyncState.VERIFIED, None, 0)] * 3
        for run_id, stat in before.items():
            assert lines(carrier, run_id) == kept[run_id]
            now = (carrier.data / f"runs/local/before/{run_id}/wandb-history.jsonl").stat()
            assert (now.st_size, now.st_mtime_ns) == (stat.st_size, stat.st_mtime_ns), "a row was written again"
        stored = stores.read(carrier.data, "parts", "before")
        assert {key: stored.summary[key] for key in ("a", "b", "s1", "s2", "loss")} == {
            "a": 9, "b": 2, "s1": 1, "s2": 1, "loss": {"min": 1, "mean": 21 / 5},
        }  # fmt: skip
        assert {"c1": 1, "c2": 1}.items() <= stored.config.items()
        assert stored.files["output.log"] == b"one\ntwo\n"
        again = carrier.sync(*folders)
        assert [(one.state, one.rows_sent) for one in again] == [(SyncState.VERIFIED, 0)] * 3
    assert {one[0] for one in columns(database, "SELECT meaning FROM deliveries")} == {MEANING}
    assert database.with_suffix(f".before-{len(MIGRATIONS)}.db").exists(), "a copy was kept"


def test_verified_before_is_not_verified_now_until_it_was_compared(top: Path) -> None:
    """The server lost the config: nobody saw that then. It is sent again."""
    import json

    path = top / "store/runs/local/before/alone/run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["config"]["lr"]
    path.write_text(json.dumps(record), encoding="utf-8")
    (top / "store/index.sqlite").unlink()
    folder = next((top / "work" / "wandb").glob("*-alone"))
    with carrying(top) as carrier:
        (found,) = carrier.sync(folder)
        assert (found.state, found.rows_sent) == (SyncState.VERIFIED, 0)
        assert stores.read(carrier.data, "alone", "before").config["lr"] == 0.1
