"""The store: one owner, a private key, an index that can be thrown away, nothing lost on the way."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from runferry.errors import AppError
from runferry.server.artifact_record import ArtifactRecord
from runferry.server.record import State
from runferry.server.run_folder import HISTORY
from runferry.server.store import Store
from server_rig import FixedClock


def fill(store: Store) -> None:
    folder, inserted = store.ensure_run("local", "Pro%ject", "run/1")
    assert inserted
    store.change_run(folder, tags=("a",), config={"lr": {"value": float("inf")}}, state=State.FAILED, exit_code=3)
    folder.write_lines(HISTORY, 0, ['{"a":NaN}', "{}"])
    folder.write_summary('{"x":1}')
    store.ensure_project("local", "empty")
    record = ArtifactRecord("", "local", "Pro%ject", "ds", "dataset", "digest", 0.0, 0.0, client_id="c1")
    store.artifacts.create(record, True)


def what_it_holds(store: Store) -> object:
    folder = store.run("local", "Pro%ject", "run/1")
    assert folder is not None
    with folder.lock:
        rows = list(folder.lines(HISTORY).iterate())
    client = store.artifacts.of_client("c1")
    projects = sorted(name for name, _ in store.index.projects("local"))
    return folder.record, rows, folder.summary_text(), client, projects


@pytest.mark.parametrize("damage", ["missing", "garbage", "other version", "not closed"])
def test_the_index_is_made_again_from_the_files(tmp_path: Path, clock: FixedClock, damage: str) -> None:
    path = tmp_path / "s"
    store = Store.open(path, clock)
    fill(store)
    before = what_it_holds(store)
    if damage == "not closed":  # a kill between a file and its entry
        store.index._run("DELETE FROM runs")
        store.index._run("DELETE FROM artifacts")
        store._owner.release()
        assert store.index._database is not None
        store.index._database.close()
    else:
        store.close()
    index = path / "index.sqlite"
    if damage == "missing":
        index.unlink()
    if damage == "garbage":
        index.write_bytes(b"not a database" * 1000)
    if damage == "other version":
        database = sqlite3.connect(index)
        database.execute("PRAGMA user_version=77")
        database.commit()
        database.close()
    again = Store.open(path, clock)
    assert what_it_holds(again) == before
    again.close()


DAMAGE = {
    "empty": b"", "zeros": bytes(4096), "torn": b'{"entity": "lo', "a list": b"[1]", "other types": b'{"entity": 1}',
    "deep": b'{"entity":' * 100_000, "missing": None,
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("with_old_index", [True, False], ids=["with the index before", "without it"])
def test_a_damaged_record_costs_no_run(tmp_path: Path, clock: FixedClock, damage: str, with_old_index: bool) -> None:
    path = tmp_path / "s"
    store = Store.open(path, clock)
    fill(store)
    folder = store.run("local", "Pro%ject", "run/1")
    assert folder is not None
    before = folder.record
    store._owner.release()  # as after a power cut
    assert store.index._database is not None
    store.index._database.close()
    content = DAMAGE[damage]
    if content is None:
        (folder.path / "run.json").unlink()
    else:
        (folder.path / "run.json").write_bytes(content)
    (folder.path.parent / "project.json").write_bytes(b"")
    if not with_old_index:
        (path / "index.sqlite").unlink()
    again = Store.open(path, clock)
    found = again.run("local", "Pro%ject", "run/1")
    assert found is not None
    with found.lock:
        assert found.lines(HISTORY).count == 2
    (note,) = again.notes
    assert "run/1" in note
    if with_old_index:
        assert found.record == before
    else:
        assert found.record.state is State.RUNNING
    assert [name for name, _ in again.index.projects("local")].count("Pro%ject") == 1
    again.close()
    third = Store.open(path, clock)
    assert third.notes == []  # it was made anew
    third.close()


def test_a_run_that_the_index_lost_is_found_in_its_folder(store: Store) -> None:
    fill(store)
    store.index._run("DELETE FROM runs")
    store._alive.clear()
    store._recent.clear()
    assert store.run("local", "Pro%ject", "run/1") is not None
    assert store.run("local", "Pro%ject", "other") is None


def test_the_mark_of_a_whole_index_is_taken_back_on_the_disk_before_anything_changes(tmp_path: Path) -> None:
    """With it an index that a power cut left as it once was would hide every run that came later."""
    store = Store.open(tmp_path / "s")
    with sqlite3.connect(f"file:{tmp_path / 's' / 'index.sqlite'}?mode=ro", uri=True) as seen:
        assert seen.execute("SELECT clean FROM state").fetchone() == (0,)
    statements: list[str] = []
    assert store.index._database is not None
    store.index._database.set_trace_callback(statements.append)
    store.index._set_clean(False)
    store.index._database.set_trace_callback(None)
    assert statements[0].endswith("synchronous=FULL")
    store.close()


def test_a_damaged_store_json_keeps_its_name(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "s")
    name = store.store_id
    (tmp_path / "s" / "server.json").write_text(f'{{"store": "{name}", "pid": 1}}')  # as a power cut leaves it
    store.close()
    (tmp_path / "s" / "store.json").write_bytes(b"")
    again = Store.open(tmp_path / "s")
    assert again.store_id == name
    assert again.notes
    again.close()


def test_a_clean_index_is_not_made_again(tmp_path: Path, clock: FixedClock) -> None:
    store = Store.open(tmp_path / "s", clock)
    fill(store)
    before = what_it_holds(store)
    store.close()
    for record in (tmp_path / "s" / "runs").glob("*/*/*/run.json"):
        record.write_text("unreadable now")
    again = Store.open(tmp_path / "s", clock)
    assert what_it_holds(again) == before
    again.close()


def test_only_one_process_has_it(tmp_path: Path, store: Store) -> None:
    with pytest.raises(AppError) as caught:
        Store.open(tmp_path / "store")
    assert caught.value.slug == "store-in-use"


def test_key_and_identity_stay(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "s")
    key, identity = first.key, first.store_id
    first.close()
    assert len(key) == 40
    assert set(key) <= set("0123456789abcdefghijklmnopqrstuvwxyz")
    if os.name == "posix":
        assert (tmp_path / "s" / "key").stat().st_mode & 0o777 == 0o600
        (tmp_path / "s" / "key").chmod(0o644)
    second = Store.open(tmp_path / "s")
    assert (second.key, second.store_id) == (key, identity)
    if os.name == "posix":
        assert (tmp_path / "s" / "key").stat().st_mode & 0o777 == 0o600
    second.close()


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file")
    with pytest.raises(AppError) as caught:
        Store.open(tmp_path / "s")
    assert caught.value.slug == "store-unreadable"


@pytest.mark.parametrize("text", ["{", '{"format": 99, "store": "x"}', "[]"])
def test_what_is_no_store_is_told_and_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "store.json").write_text(text)
    with pytest.raises(AppError):
        Store.open(tmp_path)
    assert (tmp_path / "store.json").read_text() == text
    (tmp_path / "store.json").unlink()
    Store.open(tmp_path).close()  # the lock was given back


def test_a_deleted_run_is_gone_but_not_erased(store: Store) -> None:
    folder, _ = store.ensure_run("local", "p", "r")
    folder.write_lines(HISTORY, 0, ["{}"])
    store.delete_run(folder)
    for late in (lambda: store.change_run(folder, notes="late"), lambda: folder.write_lines(HISTORY, 1, ["{}"])):
        with pytest.raises(FileNotFoundError):
            late()
    assert not folder.path.exists()
    assert store.run("local", "p", "r") is None
    assert [one.read_text() for one in (store.path / "deleted").glob(f"*/{HISTORY}")] == ["{}\n"]
    again, inserted = store.ensure_run("local", "p", "r")
    assert inserted
    with again.lock:
        assert again.lines(HISTORY).count == 0


def test_silence_means_crashed(store: Store, clock: FixedClock) -> None:
    folder, _ = store.ensure_run("local", "p", "r")
    folder.beat(clock.now)
    assert folder.record.state_at(clock.now + 60, folder.heartbeat()) is State.RUNNING
    assert folder.record.state_at(clock.now + 400, folder.heartbeat()) is State.CRASHED


def test_many_runs_at_once_share_one_folder_object(store: Store) -> None:
    kept, _ = store.ensure_run("local", "p", "kept")
    for number in range(300):
        store.ensure_run("local", "p", f"r{number}")
    assert store.run("local", "p", "kept") is kept


def test_files_left_by_a_kill_are_swept(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    left = store.temporary()
    left.write_bytes(b"half")
    store.close()
    Store.open(tmp_path).close()
    assert not left.exists()
