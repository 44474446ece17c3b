"""A store that was made by commit f90d7c4 (before records were synced to the disk, and readable by everybody) opens.

The fixture was made by that commit's own server: a run with everything, one whose name differs in case, a deleted one,
an artifact. The folder's modes are those of a usual umask.
"""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path

import pytest

from runferry.server.record import State
from runferry.server.run_folder import CONSOLE, EVENTS, HISTORY
from runferry.server.store import Store

FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "store-f90d7c4.tar.xz"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    with tarfile.open(FIXTURE) as packed:
        packed.extractall(tmp_path, filter="fully_trusted" if hasattr(tarfile, "data_filter") else None)
    return tmp_path / "store"


@pytest.mark.parametrize("cut", [False, True], ids=["closed in order", "after a power cut"])
def test_it_opens_with_everything(earlier: Path, cut: bool) -> None:
    if cut:  # the index is of no use then, and a record may be empty
        (earlier / "index.sqlite").write_bytes(b"")
        (earlier / "runs" / "local" / "p" / "R1" / "run.json").write_bytes(b"")
    key = (earlier / "key").read_text().strip()
    store = Store.open(earlier)
    try:
        assert store.key == key
        assert len(store.notes) == cut
        run, other = store.run("local", "p", "r1"), store.run("local", "p", "R1")
        assert run is not None
        assert other is not None
        with run.lock:
            assert [run.lines(one).count for one in (HISTORY, EVENTS, CONSOLE)] == [50, 1, 2]
        assert (run.record.state, run.record.config) == (State.FINISHED, {"lr": {"value": 0.1}})
        stored = run.file("sub/a.txt")
        assert stored is not None
        assert stored.path.read_bytes() == b"content"
        assert store.run("local", "p", "gone") is None
        assert store.artifacts.of_client("c1") is not None
        run.write_lines(HISTORY, 50, ["{}"])
    finally:
        store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes")
def test_it_is_its_owners_alone_then(earlier: Path) -> None:
    for one in [earlier, *earlier.rglob("*")]:
        os.chown(one, os.geteuid(), os.getegid())
    Store.open(earlier).close()
    assert [one for one in [earlier, *earlier.rglob("*")] if one.stat().st_mode & 0o077] == []
