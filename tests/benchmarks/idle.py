"""What `runferry watch` costs while little happens: 1,000 runs that are finished and verified, 5 that are live.

The live ones are processes with our recorder that are alive and log nothing (the figures with a target), then such that
log a row each every second. The finished ones were sent and verified by an earlier `runferry watch`. Counted is the
app's own process; the local server is another one. There is no such program by W&B to put beside it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Figure, Result, at_most
from rig import OURS, SCRIPTS, Server, environment, resident, run, serving, started

from runferry.wire import framing
from runferry.wire.scanning import Scanner

FINISHED = 1000
LIVE = 5
SETTLING = 12.0  # seconds after everything is known, until it is quiet
SECONDS = 30.0
PATIENCE = 400.0
TEMPLATE = "aaaaaaaa"


def measure(folder: Path) -> Result:
    """Share of a core, and memory, of one watch that begins with all these folders."""
    watched = folder / "watched"
    finished_runs(watched, folder)
    with serving(folder) as server:
        with watch(watched, folder, server) as (_, told):
            _until(lambda: told().count("verified  http") == FINISHED)
        samples = {pause: _observe(pause, watched, folder, server) for pause in (0.0, 1.0)}
    about = f"{FINISHED:,} finished and {LIVE} live runs"
    figures = [
        at_most(f"watching {about}: processor", "% of a core", samples[0.0]["cpu"], None, 0.3),
        at_most(f"watching {about}: memory", "MiB", samples[0.0]["memory"], None, 60),
        Figure("the same while each live run logs a row a second", "% of a core", samples[1.0]["cpu"]),
    ]
    return Result(figures, {"percent_of_a_core_and_MiB": {f"pause {key:g} s": one for key, one in samples.items()}})


def finished_runs(watched: Path, folder: Path) -> None:
    """One run that the recorder wrote, and that one under other ids (of equal length)."""
    command = [OURS / "python", SCRIPTS / "idle.py", TEMPLATE, "20", "0", "0"]
    run(command, {**environment(folder / "home"), "WANDB_DIR": str(watched)}, folder)
    (made,) = (watched / "wandb").glob("offline-run-*")
    for number in range(FINISHED - 1):
        run_id = f"r{number:07}"
        copy = made.with_name(made.name.replace(TEMPLATE, run_id))
        shutil.copytree(made, copy, ignore=shutil.ignore_patterns("*.wandb"))
        _copy_log(made / f"run-{TEMPLATE}.wandb", copy / f"run-{run_id}.wandb", run_id)
        marker = copy / "runferry.json"
        marker.write_text(marker.read_text().replace(TEMPLATE, run_id))


@contextlib.contextmanager
def watch(watched: Path, folder: Path, server: Server) -> Iterator[tuple[int, Callable[[], str]]]:
    """`runferry watch`: its process id, and what it has told."""
    told = folder / f"told-{time.monotonic_ns()}"
    command = [OURS / "runferry", "watch", watched, "--server", server.url]
    env = environment(folder / "watch-home", server)
    with told.open("wb") as file, started(command, env, folder, stderr=file.fileno()) as process:
        yield process.pid, lambda: _told(process, told)


def _observe(pause: float, watched: Path, folder: Path, server: Server) -> dict[str, float]:
    with contextlib.ExitStack() as stack:
        where = {**environment(folder / "home"), "WANDB_DIR": str(watched)}
        for _ in range(LIVE):
            command = [OURS / "python", SCRIPTS / "idle.py", "", "20", str(pause), "600"]
            stack.enter_context(started(command, where, folder))
        begin = time.monotonic()
        pid, told = stack.enter_context(watch(watched, folder, server))
        _until(lambda: told().count("verified  http") >= FINISHED and told().count("live  http") == LIVE)
        known = time.monotonic() - begin
        time.sleep(SETTLING)
        before, begin = _processor_seconds(pid), time.monotonic()
        time.sleep(SECONDS)
        used = _processor_seconds(pid) - before
        cpu = 100 * used / (time.monotonic() - begin)
        return {"cpu": cpu, "memory": resident(pid), "known_s": known, "processor_s": used}


def _processor_seconds(pid: int) -> float:
    """Time that all threads of a process had so far, by the scheduler's count in nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9


def _told(process: subprocess.Popen[bytes], file: Path) -> str:
    if process.poll() is not None:
        raise RuntimeError(f"the watch ended: {file.read_text()[-500:]}")
    return file.read_text()


def _copy_log(source: Path, target: Path, run_id: str) -> None:
    """The same records with another id, framed anew: each carries a checksum."""
    with source.open("rb") as file:
        records = Scanner().read(file, limit=os.stat(source).st_size, finished=True).records
    log = framing.FILE_HEADER
    for _, payload in records:
        log += framing.chunks(payload.replace(TEMPLATE.encode(), run_id.encode()), len(log))
    target.write_bytes(log)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the watch did not come to know all runs")
        time.sleep(0.1)
