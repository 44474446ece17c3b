"""From log() to the row on the local server, while `runferry watch` runs; beside an online run of wandb."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from pathlib import Path

from arrivals import Arrivals
from figures import Result, at_most, median, percentile
from rig import OURS, PEER, SCRIPTS, Server, environment, serving, started, watching

ROWS = 200
PAUSE = 0.1
PATIENCE = 60.0


def measure(folder: Path) -> Result:
    """Seconds per row. Both runs go on at the same time, to the same server."""
    waits: dict[str, list[float]] = {}
    watched = folder / "watched"
    watched.mkdir()
    with serving(folder) as server, watching(watched, folder, server):
        sides = [
            threading.Thread(target=_side, args=(name, python, place, server, waits), name=name)
            for name, python, place in (
                ("runferry", OURS / "python", watched),
                ("wandb", PEER / "python", folder),
            )
        ]
        for one in sides:
            one.start()
        for one in sides:
            one.join()
    if waits.keys() != {"runferry", "wandb"}:
        raise RuntimeError("a run did not arrive")
    ours, theirs = waits["runferry"], waits["wandb"]
    figures = [
        at_most("log() to the row on the server, p95", "s", percentile(ours, 0.95), percentile(theirs, 0.95), 1),
        at_most("log() to the row on the server, p50", "s", median(ours), median(theirs), 1),
    ]
    return Result(figures, {"s": waits})


def _side(name: str, python: Path, place: Path, server: Server, waits: dict[str, list[float]]) -> None:
    env = environment(place / f"home-{name}", server)
    if name == "runferry":  # the recorder needs no server, and is given none
        env = environment(place / f"home-{name}")
    command = [python, SCRIPTS / "trickle.py", name, place, str(ROWS), str(PAUSE)]
    with started(command, env, place, stdout=subprocess.PIPE) as process, contextlib.ExitStack() as stack:
        assert process.stdout is not None
        run_id = process.stdout.readline().decode().strip()
        arrivals = stack.enter_context(Arrivals(server.history(f"trickle-{name}", run_id)))
        logged = [float(line) for line in process.stdout]
        arrivals.wait_for(ROWS, PATIENCE)
    waits[name] = [arrivals.at[step] - at for step, at in enumerate(logged)]
