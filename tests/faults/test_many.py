"""Ten thousand runs that are verified already: a restarted `watch` knows so soon, and then rests."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import psutil
import pytest

from faults.rig import IS_LONG, Place, until
from runferry.clock import SystemClock
from runferry.state.database import Database
from runferry.state.delivery import MEANING
from runferry.state.ledger import Ledger

COUNT = 10_000 if IS_LONG else 1000
TEMPLATE = "aaaaaaaa"


def multiply(place: Place, folder: Path) -> None:
    """Copies of a verified run with ids of their own, on disk and in the ledger: syncing them would take minutes."""
    log = (folder / f"run-{TEMPLATE}.wandb").read_bytes()
    with Database(place.home / "state" / "runferry.db") as database:
        ledger = Ledger(database, SystemClock())
        ((known, target),) = ledger.all_deliveries()
        with database.transaction():
            for number in range(COUNT):
                run_id = f"r{number:07}"
                copy = folder.with_name(folder.name.replace(TEMPLATE, run_id))
                copy.mkdir()
                path = copy / f"run-{run_id}.wandb"
                path.write_bytes(log.replace(TEMPLATE.encode(), run_id.encode()))
                shutil.copy(folder / "runferry.json", copy)
                stat = path.stat()
                made = ledger.delivery(
                    ledger.source(run_id, run_id, path),
                    ledger.target(target["server"], target["entity"], target["project"], run_id),
                )
                ledger.update(
                    made,
                    state="verified",
                    closed=0,
                    verified_at=1.0,
                    meaning=MEANING,
                    verified_size=stat.st_size,
                    verified_mtime_ns=stat.st_mtime_ns,
                    history=3,
                    counts=known.counts,
                )


@pytest.mark.timeout(300)
def test_a_restart_with_many_verified_runs(place: Place) -> None:
    with place.train(TEMPLATE, 3) as training:
        assert training.wait() == 0
    with place.runferry("sync", place.runs, "--server", "local") as sync:
        assert sync.wait() == 0, sync.err
    multiply(place, place.run_folder(TEMPLATE))
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        started = time.monotonic()
        until(lambda: watch.err.count("rows verified") == COUNT + 1, 120, watch.err[-500:])
        took = time.monotonic() - started
        process = psutil.Process(watch.process.pid)
        time.sleep(2)
        before, begun = sum(process.cpu_times()[:2]), time.monotonic()
        time.sleep(5)
        load = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - begun)
        memory = process.memory_info().rss / 2**20
        print(f"{COUNT} runs known in {took:.1f} s, then {load:.0%} of a core, {memory:.0f} MiB")
        started = time.monotonic()
        with place.runferry("status", "--json", name="status") as status:
            assert status.wait() == 0, status.err
        print(f"status in {time.monotonic() - started:.1f} s")
        assert {one["state"] for one in json.loads(status.out)["runs"]} == {"verified"}
        code, ended = watch.end()
        assert (code, ended < 5) == (0, True)
    assert took < COUNT / 200
    assert load < 0.5
