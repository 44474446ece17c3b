"""A training is measured from outside while it runs; every measurement reaches the server once, over restarts of the
app, outages of the server and the loss of the ledger."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.processes import RUNFERRY, Server, runferry, serving, started, until

FAST = {"RUNFERRY_METRICS_INTERVAL": "0.5", "RUNFERRY_METRICS_AVERAGE": "0", "RUNFERRY_UPLOAD_INTERVAL_LOOPBACK": "0.1"}

TRAINING = """
import multiprocessing, pathlib, runferry
def worker(stop):
    stop.wait()
if __name__ == "__main__":
    stop = multiprocessing.get_context("fork").Event()
    helper = multiprocessing.get_context("fork").Process(target=worker, args=(stop,))
    with runferry.init(project="demo", id="live") as run:
        helper.start()
        step = 0
        while not pathlib.Path("enough").exists():
            run.log({"step": step}, commit=True)
            step += 1
            sum(range(200_000))
        stop.set()
        helper.join()
"""


@contextmanager
def watching(work: Path, server: Server, **environ: str) -> Iterator[Any]:
    command = (*RUNFERRY, "watch", "--server", server.url, str(work))
    with started(*command, cwd=work, log=work.parent / "watch.out", **server.environ, **FAST, **environ) as process:
        yield process


@contextmanager
def training(work: Path, script: str = TRAINING, interpreter: Any = None, **environ: str) -> Iterator[Any]:
    (work / "train.py").write_text(script)
    with started(
        interpreter or RUNFERRY[0], work / "train.py", cwd=work, log=work.parent / "train.out", **environ
    ) as process:
        yield process
        (work / "enough").touch()
        process.wait(60)
        assert process.returncode == 0, (work.parent / "train.out").read_text()


def events(server: Server, run: str = "live") -> list[dict[str, Any]]:
    found = list(server.data.glob(f"runs/*/*/{run}/wandb-events.jsonl"))
    return [json.loads(line) for line in found[0].read_text().splitlines()] if found else []


def kept() -> list[dict[str, Any]]:
    folder = Path(os.environ["RUNFERRY_HOME"]) / "state" / "samples"
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def status() -> dict[str, Any]:
    return runferry("status", "--json").object


def verified(run: str = "live") -> bool:
    return any(one["run_id"] == run and one["state"] == "verified" for one in status().get("runs", ()))


def test_every_measurement_arrives_once_over_a_restart_and_an_outage(tmp_path: Path, work: Path) -> None:
    store = tmp_path / "store"
    with training(work):
        with serving(store) as server, watching(work, server):
            until(lambda: len(events(server)) >= 3, "measurements arrive")
            told = until(lambda: status()["measured"]["runs"], "the run is measured")
            (values,) = told.values()
            assert values["proc.processes"] == 2.0
            assert values["proc.memory.rssMB"] > 5.0
            assert "% of all processors" in runferry("status").out
        before = len(kept())
        assert before >= 3
    with serving(store) as server:
        assert runferry("sync", work, "--server", server.url, **server.environ).code == 0
        rows = events(server)
        assert rows == kept()
        assert len({row["_timestamp"] for row in rows}) == len(rows)
        assert [row["_runtime"] for row in rows] == sorted(row["_runtime"] for row in rows)
        assert all(row["_wandb"] is True for row in rows)
        assert any(row["system.cpu"] > 0 for row in rows if "system.cpu" in row)
        assert runferry("sync", work, "--server", server.url, **server.environ).code == 0
        assert events(server) == rows


def test_the_last_measurement_arrives_and_a_loss_of_the_ledger_doubles_nothing(work: Path, server: Server) -> None:
    with watching(work, server):
        with training(work):
            until(lambda: len(events(server)) >= 3, "measurements arrive")
        until(verified, "the run is verified")
    (place,) = work.glob("wandb/offline-run-*")
    for node in ("a", "b"):  # collected elsewhere, and carried here; the last event is of one of them
        lines = [json.dumps({"_timestamp": 1000.0 + ord(node) + number, "system.cpu": 1}) for number in range(3)]
        (place / f"runferry-samples-{node}-1.jsonl").write_text("\n".join(lines) + "\n")
    assert runferry("sync", work, "--server", server.url, **server.environ).code == 0
    rows = events(server)
    assert rows[:-6] == kept()
    (run,) = server.data.glob("runs/*/*/live")
    assert json.loads((run / "run.json").read_text())["state"] == "finished"
    for file in (Path(os.environ["RUNFERRY_HOME"]) / "state").glob("runferry.db*"):
        file.unlink()
    assert runferry("sync", work, "--server", server.url, **server.environ).code == 0
    assert events(server) == rows


OFFICIAL = """
import pathlib, time, wandb
run = wandb.init(project="demo", id="official", mode="offline", settings=wandb.Settings(x_stats_sampling_interval=0.5))
while not pathlib.Path("enough").exists():
    run.log({"x": 1})
    time.sleep(0.05)
run.finish()
"""


@pytest.mark.peer
def test_a_run_of_the_official_client_is_shown_and_not_doubled(peer: Path, work: Path, server: Server) -> None:
    with watching(work, server):
        with training(work, OFFICIAL, peer, WANDB_SILENT="true") as process:
            told = until(lambda: (status()["measured"] or {}).get("runs"), "the run is measured")
            (values,) = told.values()
            assert values["proc.processes"] >= 2.0  # the training and its helper
            until(lambda: events(server, "official"), "its own measurements arrive")
            assert process.poll() is None
        until(lambda: verified("official"), "the run is verified")
    assert not kept()
    assert len({row["_timestamp"] for row in events(server, "official")}) == len(events(server, "official"))


def test_what_was_collected_without_a_network_is_sent_later_once(work: Path, server: Server) -> None:
    command = (*RUNFERRY, "watch", "--collect", str(work))
    with training(work), started(*command, cwd=work, log=work.parent / "collect.out", **FAST) as collecting:
        beside = until(lambda: list(work.glob("wandb/offline-run-*/runferry-samples-*.jsonl")), "it is measured")
        until(lambda: len(beside[0].read_text().splitlines()) >= 2, "there are some measurements")
        assert not (Path(os.environ["RUNFERRY_HOME"])).exists()  # no state, no server
        assert collecting.poll() is None
    carried = work.parent / "carried"
    shutil.copytree(work / "wandb", carried)
    assert runferry("sync", carried, "--server", server.url, **server.environ).code == 0
    rows = [json.loads(line) for line in beside[0].read_text().splitlines()]
    assert events(server) == rows
    (late,) = carried.glob("offline-run-*/runferry-samples-*.jsonl")
    with late.open("a") as file:  # a second rsync brings the rest
        file.write(json.dumps({**rows[-1], "_timestamp": rows[-1]["_timestamp"] + 1}) + "\n")
    assert runferry("sync", carried, "--server", server.url, **server.environ).code == 0
    assert runferry("sync", carried, "--server", server.url, **server.environ).code == 0
    assert events(server)[: len(rows)] == rows
    assert len(events(server)) == len(rows) + 1


@pytest.mark.parametrize("is_watching", [True, False], ids=["watch", "watch --once"])
def test_the_watcher_sends_what_comes_after_a_run_was_verified(work: Path, server: Server, is_watching: bool) -> None:
    """rsync brings the log first, and the measurements later, with old times; they grow in place, too."""
    with training(work):
        until(lambda: list(work.glob("wandb/offline-run-*/runferry.json")), "it trains")
    place = next(work.glob("wandb/offline-run-*"))
    rows = [json.dumps({"_timestamp": 1000.0 + number, "system.cpu": number}) for number in range(3)]

    def arrive(count: int, is_new: bool = True) -> None:
        made = place / (".coming" if is_new else "runferry-samples-node-1.jsonl")
        made.write_text("".join(f"{one}\n" for one in rows[:count]))
        os.utime(made, (1000, 1000))
        made.rename(place / "runferry-samples-node-1.jsonl")
        os.utime(place, (1000, 1000))

    def sent() -> list[str]:
        return [json.dumps(one) for one in events(server)]

    once = ("watch", "--once", "--server", server.url, work)
    if not is_watching:
        for count in (0, 2, 2, 3):
            if count:
                arrive(count)
            assert runferry(*once, **server.environ, **FAST).code == 0
            assert sent() == rows[:count]
        return
    with watching(work, server, RUNFERRY_HOST_METRICS="0"):
        until(verified, "the run is verified")
        arrive(2)
        until(lambda: sent() == rows[:2], "they are sent")
        until(verified, "the run is verified")
        arrive(3, is_new=False)
        until(lambda: sent() == rows, "the rest is sent")
        until(verified, "the run is verified")
    with watching(work, server, RUNFERRY_HOST_METRICS="0"):
        until(verified, "the run is shown")
    assert sent() == rows
