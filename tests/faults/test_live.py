"""Runs that are watched while they train, and what happens to their folders meanwhile."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from pathlib import Path

import pytest

from faults.rig import Place, Program, until

OFFICIAL = """
import sys, time, wandb
run = wandb.init(project="p", id="official", mode="offline", settings=wandb.Settings(silent=True))
for step in range(int(sys.argv[1])):
    wandb.log({"value": step})
    time.sleep(0.05)
run.finish()
"""


def test_rows_arrive_while_the_training_runs(place: Place) -> None:
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Press Ctrl+C")
        with place.train("live", 400, 0.01) as training:
            watch.says("live")
            delays: list[float] = []
            seen = 0
            while training.process.poll() is None:
                rows = place.rows("live")
                now = time.time()
                delays += [now - one["sent_at"] for one in rows[seen:] if one]
                seen = len(rows)
                time.sleep(0.005)
            assert seen > 200, "rows came only after the end"
            assert "● " in watch.err
            with place.runferry("status", "--json", name="status") as status:
                assert status.wait() == 0
            (run,) = json.loads(status.out)["runs"]
            assert run["run_id"] == "live"
        watch.says("400 rows verified")
        assert watch.end()[0] == 0
    delays.sort()
    p50, p95 = statistics.median(delays), delays[len(delays) * 95 // 100]
    print(f"log() to the server's file: p50 {p50:.2f} s, p95 {p95:.2f} s")
    assert p95 < 5


def test_runs_in_new_folders_are_found(place: Place) -> None:
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Press Ctrl+C")
        for run_id, where in {"first": "a", "second": "a", "third": "b/deep/er"}.items():
            folder = place.runs / where
            folder.mkdir(parents=True, exist_ok=True)
            with place.train(run_id, 30, WANDB_DIR=str(folder)) as training:
                assert training.wait() == 0
            until(lambda one=run_id: place.values(one) == list(range(30)), 20)  # type: ignore[misc]


def test_a_run_that_is_deleted_while_it_is_live(place: Place) -> None:
    with place.runferry("watch", place.runs, "--server", "local") as watch, place.train("gone", pause=0.01) as training:
        until(lambda: len(place.values("gone")) > 10)
        shutil.rmtree(place.run_folder("gone"))
        watch.says("removed or moved away")
        with place.train("other", 30) as other:
            assert other.wait() == 0
        watch.says("30 rows verified")
        training.kill()
        assert "Traceback" not in watch.err
        assert watch.end()[0] == 0
    values = place.values("gone")
    assert values == list(range(len(values)))


def test_a_run_that_is_moved_while_it_is_live(place: Place) -> None:
    """It goes on at its new place, where it left off: the recorder has the file open, and is not disturbed."""
    with place.runferry("watch", place.runs, "--server", "local") as watch, place.train("moved", 800, 0.01) as training:
        until(lambda: len(place.values("moved")) > 10)
        folder = place.run_folder("moved")
        (place.runs / "elsewhere").mkdir()
        folder.rename(place.runs / "elsewhere" / folder.name)
        assert training.wait() == 0
        watch.says("800 rows verified")
        assert watch.end()[0] == 0
    assert place.values("moved") == list(range(800))


@pytest.mark.peer
def test_an_official_offline_run_is_watched_live(place: Place, peer: Path) -> None:
    """wandb 0.31 flushes its log every 15 seconds: rows come in such steps, before the end."""
    script = place.folder / "official.py"
    script.write_text(OFFICIAL)
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Press Ctrl+C")
        with Program([str(peer), str(script), "500"], place.folder, "official", WANDB_DIR=str(place.runs)) as training:
            until(lambda: len(place.values("official")) > 5, 40, watch.err)
            assert training.process.poll() is None, "rows came only after the end"
            print(f"{len(place.values('official'))} rows there while it trains")
            assert training.wait(90) == 0, training.err
        watch.says("500 rows verified")
        assert watch.end()[0] == 0
    assert place.values("official") == list(range(500))


def test_without_a_display_the_app_watches_in_the_terminal(place: Place) -> None:
    """`runferry` alone, as `make run` starts it on a machine without a screen."""
    environ = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "WANDB_DIR": str(place.runs), "RUNFERRY_SERVER": "local"}
    with place.runferry(name="app", **environ) as app:
        app.says("There is no display here. Running without a window")
        app.says("Watching")
        with place.train("plain", 5) as training:
            assert training.wait() == 0
        app.says("5 rows verified")
        assert app.end()[0] == 0
