"""One run of 100,000 rows and 10 metrics, written by the real client, from its file to the local server."""

from __future__ import annotations

from pathlib import Path

from figures import Figure, Result, median, times_better
from official_runs import LARGE_ROWS, large
from rig import Server, environment, runferry_sync, serving, timed, wandb_sync, weighed

TURNS = 3


def measure(folder: Path) -> Result:
    """Both commands in turns, each from its start to its end, to the same server; then once each for memory."""
    source = large()
    times: dict[str, list[float]] = {"runferry": [], "wandb": []}
    with serving(folder) as server:
        for turn in range(TURNS):
            for name in times:
                command = _command(name, source, server, f"{name}-{turn}")
                times[name].append(timed(command, environment(folder / f"{name}-{turn}", server), folder))
                _check(server.history(f"{name}-{turn}", source.name.rsplit("-", 1)[-1]))
        weights = {
            name: weighed(
                _command(name, source, server, f"{name}-m"), environment(folder / f"{name}-m", server), folder
            )
            for name in times
        }
    speed = {name: LARGE_ROWS / median(one) for name, one in times.items()}
    ours, theirs = weights["runferry"], weights["wandb"]
    figures = [
        times_better("sync of 100,000 rows", "rows/s", speed["runferry"], speed["wandb"], 4, higher=True),
        times_better("peak memory of that, all processes", "MiB", ours.tree, theirs.tree, 2),
        Figure("peak memory of the command's own process", "MiB", ours.process, theirs.process),
    ]
    return Result(figures, {"seconds": times, "MiB": {name: vars(one) for name, one in weights.items()}})


def _command(name: str, source: Path, server: Server, project: str) -> list[str]:
    return runferry_sync([source], server, project) if name == "runferry" else wandb_sync([source], project)


def _check(history: Path) -> None:
    with history.open("rb") as file:
        rows = sum(1 for _ in file)
    if rows != LARGE_ROWS:
        raise RuntimeError(f"{history} has {rows} rows")
