"""Stopping a run that several processes train: all of them end, once, and nobody else does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import runferry as recorder
from runferry.engine.launched import launched_with, logs_of_one_run
from runferry.engine.stopping import Stopper, find_all
from runferry.formats.detect import RunFolder, identify
from support.processes import RUNFERRY, runferry, started, until

QUIET = {"console": "off", "silent": True}

# Starts two workers as torchrun does, and starts them anew when they fail; each notes its interrupts in a file.
LAUNCHER = """
import os, subprocess, sys, time
port, run = sys.argv[1], sys.argv[2]
def launch():
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": port, "RUN": run}
    return [subprocess.Popen([sys.executable, "train.py"], env={**common, "RANK": str(n), "LOCAL_RANK": str(n)})
            for n in range(2)]
while True:
    workers = launch()
    while all(one.poll() is None for one in workers):
        time.sleep(0.02)
    for one in workers:
        one.wait()
"""

# Worker 0 records; worker 1 waits for it for ever, as in a collective operation.
WORKER = """
import os, pathlib, time, runferry
mine = pathlib.Path(f"worker-{os.environ['RUN']}-{os.environ['RANK']}-{os.getpid()}")
mine.touch()
try:
    if os.environ["RANK"] == "0" or "BOTH" in os.environ:
        with runferry.init(project="demo", id=os.environ["RUN"]) as run:
            while True:
                run.log({"x": 1})
                time.sleep(0.05)
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    with mine.open("a") as file:
        file.write("interrupted ")
    time.sleep(0.3)  # a second interrupt would show
    raise
"""


@contextmanager
def launched(work: Path, name: str, port: int, run: str) -> Iterator[Any]:
    (work / name).write_text(LAUNCHER)
    (work / "train.py").write_text(WORKER)
    with started(RUNFERRY[0], work / name, str(port), run, cwd=work, log=work.parent / f"{run}.out") as process:
        until(lambda: len(workers(work, run)) == 2 and len(folders(work, run)) == 1, "it trains")
        yield process


def workers(work: Path, run: str) -> list[Path]:
    return sorted(work.glob(f"worker-{run}-*"))


def pids(work: Path, run: str) -> list[int]:
    return [int(one.name.rpartition("-")[2]) for one in workers(work, run)]


def folders(work: Path, run: str) -> list[RunFolder]:
    found = [identify(one) for one in sorted(work.glob(f"wandb/offline-run-*-{run}"))]
    runs = [one for one in found if isinstance(one, RunFolder)]
    return [one for one in runs if one.log.stat().st_size > 1500]  # rows are in it: `init` is over


def is_there(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_all_workers_of_a_launcher_end_and_it_starts_none_anew(work: Path) -> None:
    with launched(work, "torchrun", 29500, "ranks") as launcher:
        (folder,) = folders(work, "ranks")
        first, second = pids(work, "ranks")
        done = runferry("stop", folder.path, "--yes")
        assert done.code == 0, done.err
        assert "has ended (SIGINT)" in done.out
        assert f"with it: {second}, {launcher.pid}" in done.err
        assert launcher.wait(20) != 0
        assert not any(is_there(one) for one in (first, second))
        assert [one.read_text() for one in workers(work, "ranks")] == ["interrupted "] * 2
    assert (folders(work, "ranks")[0].marker or {}).get("outcome") == "killed"


def test_another_launch_of_the_same_program_and_that_program_go_on(work: Path) -> None:
    """A person's own program that starts trainings, with another one beside it, is not taken for a launcher."""
    both = "import subprocess, sys\nfor one in [subprocess.Popen([sys.executable, 'own.py', *words]) for words in "
    both += "(('1', 'one'), ('2', 'two'))]: one.wait()"
    (work / "own.py").write_text(LAUNCHER)
    (work / "train.py").write_text(WORKER)
    (work / "both.py").write_text(both)
    with started(RUNFERRY[0], work / "both.py", cwd=work, log=work.parent / "both.out") as process:
        try:
            until(lambda: folders(work, "one") and folders(work, "two"), "both train")
            until(lambda: len(workers(work, "one")) == len(workers(work, "two")) == 2, "all workers are there")
            first = pids(work, "one")
            assert [one.pid for one in find_all(folders(work, "one")[0])] == first
            stopped = Stopper(lambda: 20.0).stop(folders(work, "one")[0])
            assert stopped.is_gone
            assert stopped.others == (first[1],)
            assert process.poll() is None
            assert all(is_there(one) for one in pids(work, "two"))
        finally:
            outer = psutil.Process(process.pid)
            for one in (*outer.children(), *outer.children(recursive=True)):  # who starts others first
                with suppress(psutil.NoSuchProcess):
                    one.kill()


@contextmanager
def worker(work: Path, rank: int) -> Iterator[Any]:
    (work / "train.py").write_text(WORKER)
    environ = {"RUN": "shared", "RANK": str(rank), "BOTH": "1"}
    out = work.parent / f"worker{rank}.out"
    with started(RUNFERRY[0], work / "train.py", cwd=work, log=out, **environ) as process:
        yield process


@pytest.mark.parametrize("way", ["person", "server"])
def test_several_logs_of_one_run_are_stopped_together_each_process_once(work: Path, way: str) -> None:
    with worker(work, 0) as one, worker(work, 1) as two:
        until(lambda: len(folders(work, "shared")) == 2, "both record")
        logs = folders(work, "shared")
        stopper = Stopper(lambda: 20.0)
        if way == "person":
            stopped = stopper.stop(logs[1])
            assert {stopped.pid, *stopped.others} == {one.pid, two.pid}
            assert stopped.is_gone
        else:
            for log in logs:  # each is told by the answers to its own requests
                stopper.obey(log)
            until(lambda: one.poll() is not None and two.poll() is not None, "both have ended")
            stopper.obey(logs[1])  # late: nothing is left to stop, and nothing to complain of
        until(lambda: one.poll() is not None and two.poll() is not None, "both have ended")
        stopper.close()
    assert [one.read_text() for one in workers(work, "shared")] == ["interrupted "] * 2
    assert {(one.marker or {}).get("outcome") for one in folders(work, "shared")} == {"killed"}


def test_logs_of_another_run_with_the_same_id_are_left_alone(work: Path) -> None:
    with worker(work, 0) as one, worker(work, 1) as two:
        until(lambda: len(folders(work, "shared")) == 2, "both record")
        first, second = folders(work, "shared")
        told = json.loads((second.path / "runferry.json").read_text())
        (second.path / "runferry.json").write_text(json.dumps({**told, "project": "another"}))
        assert [process.pid for process in find_all(first)] == [(first.marker or {})["pid"]]
        for process in (one, two):
            process.kill()


def test_what_a_worker_starts_is_no_worker(work: Path) -> None:
    """An evaluation with the training's environment: it is stopped alone."""
    inside = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    environ = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_PORT": "29501"}
    with started(RUNFERRY[0], "-c", inside, cwd=work, log=work.parent / "inside.out", **environ) as outer:
        inner = until(lambda: psutil.Process(outer.pid).children(), "it has started one")[0]
        assert launched_with(inner) == []
        mine = psutil.Process(os.getpid())
        assert mine not in launched_with(psutil.Process(outer.pid))
        inner.kill()


# As in an interactive shell: what it exports is not in its own environment, but in that of all that it starts.
SHELL = """
export MASTER_ADDR=node0 MASTER_PORT=29502 WORLD_SIZE=2 RANK=0
"$0" train.py --seed 1 &
"$0" train.py --seed 2 &
sleep 61 &
export LOCAL_RANK=0
sleep 62 &
"$0" train.py --seed 3 &
export RANK=1
sleep 63 &
{more}
wait
"""


@pytest.mark.parametrize("more", ["", '"$0" train.py --seed 4 &'], ids=["one worker here", "two workers here"])
def test_what_a_shell_with_a_workers_variables_starts_goes_on(work: Path, more: str) -> None:
    """On each of several computers a person exports a rank by hand: what else runs in that shell is no worker."""
    (work / "train.py").write_text("import time; time.sleep(60)")
    script = SHELL.format(more=more)
    with started("bash", "-c", script, RUNFERRY[0], cwd=work, log=work.parent / "shell.out") as shell:
        count = script.count(" &\n")
        children = until(lambda: len(found := psutil.Process(shell.pid).children()) == count and found, "all run")
        until(lambda: not any(one.name() == "bash" for one in children), "all are what they will be")
        by_command = {" ".join(one.cmdline()[1:]): one for one in children}
        workers_here = [by_command["train.py --seed 4"]] if more else []
        for seed in (1, 2, 3):  # all of rank 0
            assert launched_with(by_command[f"train.py --seed {seed}"]) == workers_here
        for one in children:
            one.kill()


def test_logs_of_the_official_client_with_one_id_may_be_of_two_projects(work: Path) -> None:
    folders_of = {}
    for number, project in enumerate(("one", "two", "one")):
        run = recorder.init(dir=str(work / str(number)), project=project, id="baseline", settings=QUIET)
        run.finish()
        (made,) = (work / str(number) / "wandb").glob("offline-run-*")
        (made / "runferry.json").unlink()  # without it, it is one of the official client
        path = work / "wandb" / f"offline-run-20260101_00000{number}-baseline"
        path.parent.mkdir(exist_ok=True)
        made.rename(path)
        folders_of.setdefault(project, []).append(path)
    first = identify(folders_of["one"][0])
    assert isinstance(first, RunFolder)
    assert first.marker is None
    assert [one.path for one in logs_of_one_run(first)] == folders_of["one"]
    first.log.write_bytes(first.log.read_bytes()[:7])  # as yet it does not say of which project it is
    assert logs_of_one_run(first) == [first]
