"""Stopping trainings from outside: by a person, by the server; only what is certainly the run's; ended as killed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from runferry.engine.ended import why_not_running
from runferry.engine.stopping import Stopper
from runferry.errors import AppError
from runferry.formats.detect import RunFolder, identify
from support.processes import RUNFERRY, Server, runferry, started, until

TRAINING = """
import time, runferry
with runferry.init(project="demo", id="stopme") as run:
    while True:
        run.log({"x": 1})
        time.sleep(0.05)
"""

STUBBORN = TRAINING.replace("import time", "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\nimport time")
DEAF = TRAINING.replace("import time", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nimport time")

OFFICIAL = """
import time, wandb
run = wandb.init(project="demo", id="stopme", mode="offline")
while True:
    run.log({"x": 1})
    time.sleep(0.05)
"""


@contextmanager
def training(work: Path, script: str = TRAINING, python: Any = None) -> Iterator[Any]:
    (work / "train.py").write_text(script)
    with started(python or RUNFERRY[0], work / "train.py", cwd=work, log=work.parent / "train.out") as process:
        # Rows are in its log: `init` is over, and with it the time in which a signal leaves no outcome.
        until(lambda: list(work.glob("wandb/*run-*/*.wandb")) and folder(work).log.stat().st_size > 1500, "it trains")
        yield process


def folder(work: Path) -> RunFolder:
    found = identify(next(one for one in work.glob("wandb/*run-*") if one.name != "latest-run"))
    assert isinstance(found, RunFolder)
    return found


def outcome(work: Path) -> Any:
    return (folder(work).marker or {}).get("outcome")


def stop_on_server(server: Server) -> None:
    """As `wandb.Api().run(…).stop()` and the server's page do it."""
    query = 'query { project(name: "demo", entityName: "local") { run(name: "stopme") { id } } }'
    auth = ("api", server.key)
    asked = requests.post(f"{server.url}/graphql", json={"query": query}, auth=auth, timeout=30).json()
    told = {
        "query": "mutation($id: ID!) { stopRun(input: {id: $id}) { success } }",
        "variables": {"id": asked["data"]["project"]["run"]["id"]},
    }
    done = requests.post(f"{server.url}/graphql", json=told, auth=auth, timeout=30).json()
    assert done["data"]["stopRun"]["success"] is True, done


KERNEL = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as ipykernel does between two cells
import runferry
run = runferry.init(project="demo", id="stopme")
for step in range(100): run.log({"x": 1})
if len(sys.argv) > 1:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        while True: time.sleep(0.05)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
while True: time.sleep(0.05)
"""


@pytest.mark.parametrize("cell", ["", "cell"])
def test_a_notebooks_kernel_is_never_ended(work: Path, cell: str) -> None:
    """No Jupyter among our dependencies: this stands for its kernel, which was tried by hand (ipykernel 7.4)."""
    (work / "ipykernel_launcher.py").write_text(KERNEL)
    command = (RUNFERRY[0], work / "ipykernel_launcher.py", *filter(None, [cell]))
    with started(*command, cwd=work, log=work.parent / "train.out") as process:
        until(lambda: list(work.glob("wandb/*run-*/*.wandb")) and folder(work).log.stat().st_size > 3000, "it trains")
        stopper = Stopper(lambda: 0.5)
        if cell:
            until(
                lambda: (
                    "SigIgn:\t" in (told := Path(f"/proc/{process.pid}/status").read_text())
                    and not int(told.partition("SigIgn:\t")[2][:16], 16) & 2
                ),
                "the cell is at work",
            )
            stopped = stopper.stop(folder(work))
            assert (stopped.signals, stopped.is_gone) == (("SIGINT",), False)
        else:
            with pytest.raises(AppError) as caught:
                stopper.stop(folder(work))
            assert caught.value.slug == "notebook-waits"
        assert process.poll() is None
        assert outcome(work) is None
        stopper.close()


def test_a_training_is_interrupted_and_its_run_ends_as_killed(work: Path) -> None:
    with training(work) as process:
        refused = runferry("stop", folder(work).path)
        assert refused.code == 2
        assert "--yes" in refused.err
        assert process.poll() is None
        done = runferry("stop", folder(work).path, "--yes")
        assert done.code == 0, done.err
        assert "has ended (SIGINT)" in done.out
        assert f"process {process.pid}" in done.err
        assert process.wait(20) != 0
    assert outcome(work) == "killed"
    again = runferry("stop", folder(work).path, "--yes")
    assert again.code == 1
    assert "This run has already ended" in again.err
    assert "killed on 20" in again.err


def test_one_that_takes_no_notice_is_told_to_end(work: Path) -> None:
    with training(work, STUBBORN) as process:
        stopped = Stopper(lambda: 0.5).stop(folder(work))
        assert stopped.signals == ("SIGINT", "SIGTERM")
        until(lambda: process.poll() is not None, "it has ended")
    assert outcome(work) == "killed"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_one_that_a_script_started_aside_cannot_be_interrupted_and_is_told_to_end_at_once(work: Path) -> None:
    with training(work, DEAF) as process:
        stopped = Stopper(lambda: 20.0).stop(folder(work))
        assert stopped.signals == ("SIGTERM",)
        assert stopped.is_gone
        until(lambda: process.poll() is not None, "it has ended")
    assert outcome(work) == "killed"


SWEEP = """
import pathlib, time, runferry
run = runferry.init(project="demo", id="stopme")
try:
    while True:
        run.log({"x": 1})
        time.sleep(0.05)
except KeyboardInterrupt:
    run.finish()
pathlib.Path("next").touch()
time.sleep(60)
"""


def test_one_that_ended_the_run_and_does_something_else_is_not_told_to_end(work: Path) -> None:
    with training(work, SWEEP) as process:
        stopped = Stopper(lambda: 2.0).stop(folder(work))
        assert (stopped.signals, stopped.is_gone) == (("SIGINT",), False)
        assert (work / "next").exists()
        assert process.poll() is None


def test_the_training_is_found_whatever_its_folder_says(work: Path) -> None:
    """By its log alone; see `tests/hostile/test_markers.py` for whom a folder may name instead."""
    with training(work) as process:
        marker = folder(work).path / "runferry.json"
        told = json.loads(marker.read_text())
        wrong = {"process_start_ticks": 1, "boot_id": "another boot", "host": "another host", "pid": 1}
        marker.write_text(json.dumps({**told, **wrong}))
        stopped = Stopper(lambda: 20.0).stop(folder(work))
        assert (stopped.pid, stopped.others) == (process.pid, ())
        until(lambda: process.poll() is not None, "it has ended")
        with pytest.raises(AppError) as caught:
            Stopper(lambda: 0.1).stop(folder(work))
        assert caught.value.slug == "already-ended"


@pytest.mark.peer
def test_a_run_of_the_official_client_is_stopped_by_its_training_and_not_by_its_helper(peer: Path, work: Path) -> None:
    with training(work, OFFICIAL, peer) as process:
        stopped = Stopper(lambda: 20.0).stop(folder(work))
        assert stopped.pid == process.pid
        assert stopped.signals == ("SIGINT",)
        until(lambda: process.poll() is not None, "it has ended")
    assert "killed on 20" in why_not_running(folder(work)).message


@pytest.mark.peer
def test_that_somebody_stopped_an_official_run_is_known_to_the_next_command(
    peer: Path, work: Path, server: Server
) -> None:
    with training(work, OFFICIAL, peer) as process:
        assert runferry("stop", folder(work).path, "--yes").code == 0
        until(lambda: process.poll() is not None, "it has ended")
    sent = runferry("sync", folder(work).path, "--json", **server.environ)
    assert sent.object["run_state"] == "killed", sent.err
    (run,) = server.data.glob("runs/local/demo/stopme/run.json")
    assert json.loads(run.read_text())["state"] == "killed"


@pytest.mark.parametrize("obeys", [True, False])
def test_the_servers_wish_is_obeyed_unless_the_settings_say_otherwise(work: Path, server: Server, obeys: bool) -> None:
    def shown() -> Any:
        return {one["run_id"]: one for one in runferry("status", "--json").object["runs"]}.get("stopme", {})

    command = (*RUNFERRY, "watch", "--server", server.url, str(work))
    variables = {"RUNFERRY_OBEY_STOP": "1" if obeys else "0", **server.environ}
    with started(*command, cwd=work, log=work.parent / "watch.out", **variables), training(work) as process:
        until(lambda: list(server.data.glob("runs/local/demo/stopme")), "the run is on the server")
        stop_on_server(server)
        until(lambda: shown().get("stop_requested"), "the wish is shown")
        if obeys:
            until(lambda: process.poll() is not None, "it has ended")
            until(lambda: shown()["state"] == "verified", "the run is verified")
            (record,) = server.data.glob("runs/local/demo/stopme/run.json")
            assert json.loads(record.read_text())["state"] == "killed"
        else:
            assert process.poll() is None
            done = runferry("stop", "stopme", "--yes")  # by the id, through the one that runs
            assert done.code == 0, done.err
    assert outcome(work) == "killed"
