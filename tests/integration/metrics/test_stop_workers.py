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

from runferry.engine.launched import launched_with
from runferry.engine.stopping import Stopper, find_all
from runferry.formats.detect import RunFolder, identify
from support.processes import RUNFERRY, runferry, started, until

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
    return [one for one in found if isinstance(one, RunFolder) and one.log.stat().st_size > 500]


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
