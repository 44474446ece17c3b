"""Folders as people have them: moved, copied, read-only, with odd names, among other things, ten thousand of them."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from runferry.state.database import Database
from runferry.watch.discovery import scan
from support import stores
from support.processes import Server, python, runferry

TRAIN = """
import runferry
with runferry.init(project="parity", id="moved") as run:
    for step in range(5):
        run.log({"x": step})
"""


@pytest.fixture
def folder(work: Path) -> Path:
    """A finished run."""
    python(TRAIN, work)
    (found,) = (work / "wandb").glob("offline-run-*")
    return found


def rows_sent(server: Server, path: Path) -> int:
    done = runferry("sync", path, "--json", **server.environ)
    assert (done.code, done.object["state"]) == (0, "verified"), done.err
    assert [row["x"] for row in stores.read(server.data, "moved").rows] == list(range(5))
    return int(done.object["rows_sent"])


def test_moved_copied_linked_and_renamed_folders_are_the_same_run(server: Server, work: Path, folder: Path) -> None:
    assert rows_sent(server, folder) == 5
    moved = work / "näch ste Größe" / "🎉 runs" / folder.name
    moved.parent.mkdir(parents=True)
    shutil.move(folder, moved)
    assert rows_sent(server, moved) == 0
    copied = work / "copied" / folder.name
    shutil.copytree(moved, copied)  # new inodes, as cp and rsync make them
    assert rows_sent(server, copied) == 0
    link = work / "a link"
    link.symlink_to(moved.parent)
    assert rows_sent(server, link) == 0
    assert rows_sent(server, link / folder.name) == 0
    renamed = work / "my best run"
    shutil.move(copied, renamed)
    assert rows_sent(server, renamed) == 0


def test_a_read_only_folder_is_sent_and_nothing_is_written_into_it(server: Server, folder: Path) -> None:
    places = [folder, *folder.rglob("*")]
    for one in places:
        one.chmod(0o555 if one.is_dir() else 0o444)
    before = {one: (one.stat().st_mtime_ns, one.stat().st_mode) for one in places}
    try:
        assert rows_sent(server, folder) == 5
        assert {one: (one.stat().st_mtime_ns, one.stat().st_mode) for one in [folder, *folder.rglob("*")]} == before
    finally:
        for one in places:
            one.chmod(0o755)


def test_a_folder_full_of_other_things(server: Server, work: Path, folder: Path) -> None:
    (work / "wandb" / "notes.wandb.txt").write_text("x")
    (work / "wandb" / "run-20261123_010101-empty").mkdir()
    (work / "dryrun-20201123_010101-empty").mkdir()
    (work / "wandb" / "latest").symlink_to(work)  # a loop
    os.mkfifo(work / "wandb" / "pipe")
    for number in range(300):
        (work / f"checkpoint-{number}").mkdir()
        (work / f"data {number}.bin").write_bytes(b"x" * number)
    assert rows_sent(server, work) == 5


def test_ten_thousand_folders_are_found_in_five_seconds(work: Path) -> None:
    for number in range(10_000):
        folder = work / f"project {number % 20}" / "wandb" / f"offline-run-20261123_010101-r{number}"
        folder.mkdir(parents=True)
        (folder / f"run-r{number}.wandb").touch()
    begin = time.perf_counter()
    found = scan(work)
    seconds = time.perf_counter() - begin
    print(f"10,000 run folders found in {seconds:.2f} s")
    assert len(found.runs) == 10_000
    assert seconds < 5


def test_once_goes_on_where_another_host_left_off(server: Server, work: Path, folder: Path) -> None:
    """A state folder in a shared home, `--once` from cron: the node before this one is gone and left its name there."""
    assert runferry("watch", work, "--once", **server.environ).code == 0
    state = Path(os.environ["RUNFERRY_HOME"]) / "state"
    (state / "owner.json").write_text('{"pid": 1, "kind": "watch --once", "host": "login-7", "since": 1.0}')
    done = runferry("watch", work, "--once", **server.environ)
    assert done.code == 0, done.err
    assert rows_sent(server, folder) == 0


@pytest.mark.parametrize(("kind", "journal"), [("nfs4", "delete"), ("ext4", "wal")])
def test_state_on_a_network_drive_uses_no_shared_memory(
    work: Path, monkeypatch: pytest.MonkeyPatch, kind: str, journal: str
) -> None:
    monkeypatch.setattr("runferry.state.database.file_system_of", lambda path: kind)
    with Database(work / "state.db") as database:
        found = database.row("PRAGMA journal_mode")
    assert found is not None
    assert found[0] == journal
