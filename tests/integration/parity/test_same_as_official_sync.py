"""One run folder, synced by us and by the official `wandb sync`: both servers hold the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support import parity, stores, training
from support.processes import Server, python, run, runferry

pytestmark = pytest.mark.peer


def run_folder(work: Path) -> Path:
    """The only run folder there."""
    (folder,) = (work / "wandb").glob("offline-run-*")
    return folder


def official_sync(peer: Path, folder: Path, server: Server) -> None:
    """The official command on a copy, which it marks as synced."""
    copy = folder.parent.parent / "copy" / folder.name
    shutil.copytree(folder, copy, symlinks=True)
    done = run(peer.with_name("wandb"), "sync", copy, cwd=copy.parent, **server.environ)
    assert done.code == 0, done.err
    assert list(copy.glob("*.synced")), done.err


@pytest.mark.parametrize("with_table", [True, False], ids=["with a table", "without artifacts"])
def test_an_official_offline_run(peer: Path, server: Server, other: Server, work: Path, with_table: bool) -> None:
    python(training.official(with_table), work, interpreter=peer, WANDB_MODE="offline", WANDB_SILENT="true")
    folder = run_folder(work)
    before = {one: one.stat().st_mtime_ns for one in folder.rglob("*")}
    done = runferry("sync", folder, "--json", **server.environ)
    told = done.object
    made = 1 if with_table else 0  # a table makes an artifact
    assert (told["state"], done.code) == ("verified", 0), done.err
    assert (told["artifacts"], told["artifacts_sent"]) == (made, made)
    assert told["run_state"] == "finished"
    assert {one: one.stat().st_mtime_ns for one in folder.rglob("*")} == before, "the run folder was changed"
    official_sync(peer, folder, other)
    ours, theirs = stores.read(server.data, "rich"), stores.read(other.data, "rich")
    assert parity.differences(ours, theirs, peer) == []
    assert stores.artifacts(server.data) == stores.artifacts(other.data)
    assert len(stores.artifacts(server.data)) == made
    _is_whole(ours, rows=44 if with_table else 43)
    assert (told["rows"], told["rows_sent"], told["files"]) == (len(ours.rows), len(ours.rows), len(ours.files))
    assert (told["events"], told["console_lines"]) == (len(ours.events), len(ours.console))
    assert sum(name.startswith("media/images/") for name in ours.files) == 4
    assert any(name.startswith("media/table/") for name in ours.files) is with_table


def test_a_recorders_run(peer: Path, server: Server, other: Server, work: Path) -> None:
    python(training.recorded(), work)
    folder = run_folder(work)
    done = runferry("sync", folder, "--json", **server.environ)
    assert (done.object["state"], done.code) == ("verified", 0), done.err
    official_sync(peer, folder, other)
    ours, theirs = stores.read(server.data, "rich"), stores.read(other.data, "rich")
    assert parity.differences(ours, theirs, peer) == []
    _is_whole(ours, rows=43)


def _is_whole(stored: stores.Stored, rows: int) -> None:
    """What the script did, so that two equally empty servers are not taken for success."""
    assert len(stored.rows) == rows
    assert [row["whole"] for row in stored.rows[:40]] == list(range(40))
    assert [row["odd"] for row in stored.rows[:3]] == [{"non-finite": n} for n in ("NaN", "Infinity", "-Infinity")]
    assert stored.rows[7]["nested"] == {"deep": {"value": pytest.approx(0.7)}, "other": [1, 7, "x"]}
    assert stored.rows[7]["text"] == "ü☃🎉 7"
    assert stored.rows[7]["quote"] == 'a"b\\c\n\t\x00'
    assert stored.rows[40]["part one"] == 1
    assert stored.rows[40]["part two"] == 2
    assert [row["_step"] for row in stored.rows[40:43]] == [40, 100, 200]
    assert stored.summary["best"] == {"max": 9}
    assert stored.summary["val/loss"] == {"min": -29}
    assert stored.summary["written"] == {"by": "hand", "value": {"non-finite": "Infinity"}}
    assert stored.config["name"] == "ünïcode ☃ 🎉"
    assert stored.config["later"] == 5
    assert (True, "bar: 100% |##########|") in stored.console
    assert (False, "rewrittentwo") in stored.console
    assert stored.files["now.txt"] == b"saved at once\n"
    assert stored.files["sub/live.bin"] == bytes(range(256)) * 40
    assert stored.files["end ü.txt"] == b"the end"
    assert stored.files["empty"] == b""
    assert [one["title"] for one in stored.alerts] == ["An alert ü"]
    assert (stored.record["display_name"], stored.record["tags"]) == ("rich ü", ["a", "ü b"])
    assert (stored.record["notes"], stored.record["group"]) == ("notes\nü", "group")
    assert (stored.record["job_type"], stored.record["state"]) == ("train", "finished")
