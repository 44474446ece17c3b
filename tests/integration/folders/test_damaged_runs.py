"""Damaged logs: every row whose bytes are intact arrives, the damage is told, and no folder stops another."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.paths import find_home
from runferry.settings import Settings
from support import stores
from support.folders import load, logs, put
from support.processes import Server, runferry

PROJECT = "fixtures"
POINTERS = ("lfs_pointer",)


def place(top: Path, name: str, log: bytes) -> Path:
    """A damaged log in a folder of its own, as long unchanged as files from elsewhere are."""
    folder = top / f"offline-run-20261123_013000-{name.replace('.', '')}"
    folder.mkdir(parents=True)
    path = folder / f"run-{name.replace('.', '')}.wandb"
    path.write_bytes(log)
    return folder


def test_every_intact_row_of_every_damaged_log_arrives(
    server: Server, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each under an id of its own: they are copies of two runs, which would otherwise be one run each."""
    packed = logs("damaged.tar.xz")
    wanted = json.loads(packed.pop("rows.json"))
    assert len(packed) == 44
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    home = find_home()
    recovered = 0
    with Engine(home, Settings.load(home.settings_file, server.environ)) as engine:
        jobs = {}
        for number, (name, log) in enumerate(sorted(packed.items())):
            request = SyncRequest((place(work, name, log),), project=PROJECT, run_id=f"damaged{number}")
            jobs[name] = (f"damaged{number}", engine.sync(request, server.environ))
        deadline = time.monotonic() + 120
        while not all(job.is_over for _, job in jobs.values()):
            assert time.monotonic() < deadline, [one for _, job in jobs.values() for one in job.statuses()]
            time.sleep(0.1)
        statuses = {name: (run_id, *job.statuses()) for name, (run_id, job) in jobs.items()}
    for name, (run_id, status) in statuses.items():
        if name.endswith(POINTERS):
            assert status.error is not None
            assert status.error["slug"] == "not-a-run-git-lfs"
            continue
        if not stores.exists(server.data, run_id, PROJECT):
            assert wanted[name] == 0, (name, status)
            continue
        rows = stores.read(server.data, run_id, PROJECT).rows
        assert len(rows) == status.rows == wanted[name], name
        steps = [row["_step"] for row in rows]
        assert steps == sorted(set(steps)), name
        recovered += len(rows)
        is_lossy = any(
            kind in name for kind in ("flip", "zero_block", "missing", "bad", "middle", "invalid", "unknown_record")
        )
        assert (status.damage is not None) == is_lossy or name.endswith(("garbage_tail", "crlf", "zero_tail")), (
            name,
            status.damage,
        )
    print(f"{recovered} rows of 44 damaged logs")
    assert recovered == sum(wanted.values())


def test_one_bad_folder_stops_no_other(server: Server, work: Path) -> None:
    truths, packed, damaged = load("runs-truth.json.xz"), logs("runs.tar.xz"), logs("damaged.tar.xz")
    good = truths["0.16.6-kill-0"]
    put(work, good, packed["0.16.6-kill-0"])
    for kind in ("lfs_pointer", "empty", "header_only", "crlf"):
        place(work, f"31{kind.replace('_', '')}", damaged[f"0.31.0-{kind}"])
    place(work, "31flip", damaged["0.31.0-flip_length_huge"])
    place(work, "gz", b"\x1f\x8b\x08" + bytes(100))
    unreadable = work / "offline-run-20261123_013000-link"
    unreadable.mkdir()
    (unreadable / "run-link.wandb").symlink_to(work / "nowhere.wandb")
    done = runferry("sync", work, "--json", "--project", PROJECT, **server.environ)
    assert done.code == 1
    assert stores.read(server.data, good["run"]["run_id"], PROJECT).rows[-1]["_step"] == good["history"]["last_step"]
    run_id = truths["0.31.0-base-0"]["run"]["run_id"]
    assert len(stores.read(server.data, run_id, PROJECT).rows) > 200
    slugs = {one["path"]: (one["error"] or {}).get("slug") for one in done.objects}
    assert [slug for path, slug in slugs.items() if "31lfspointer" in path] == ["not-a-run-git-lfs"]
    assert [slug for path, slug in slugs.items() if "-gz" in path] == ["not-a-run-gzip"]
