"""50 small runs by the real client in one command, beside `wandb sync` with the same folders."""

from __future__ import annotations

from pathlib import Path

from figures import Figure, Result, median, times_better
from official_runs import SMALL_RUNS, small
from rig import environment, runferry_sync, serving, timed, wandb_sync

TURNS = 2


def measure(folder: Path) -> Result:
    """Seconds of the whole command, in turns; and of one run alone, which is mostly the start."""
    sources = small()
    times: dict[str, list[float]] = {"runferry": [], "wandb": []}
    single: dict[str, list[float]] = {"runferry": [], "wandb": []}
    with serving(folder) as server:
        for turn in range(TURNS):
            for taken, paths in ((times, sources), (single, sources[:1])):
                home = folder / f"home-{turn}-{len(paths)}"
                project = f"{turn}-{len(paths)}"
                ours = runferry_sync(paths, server, "r" + project)
                taken["runferry"].append(timed(ours, environment(home, server), folder))
                taken["wandb"].append(timed(wandb_sync(paths, "w" + project), environment(home, server), folder))
                for letter in "rw":
                    arrived = len(list((server.data / "runs" / "local" / f"{letter}{project}").glob("*/run.json")))
                    if arrived != len(paths):
                        raise RuntimeError(f"{arrived} of {len(paths)} runs arrived in {letter}{project}")
    figures = [
        times_better(f"sync of {SMALL_RUNS} small runs", "s", median(times["runferry"]), median(times["wandb"]), 1.5),
        Figure("sync of one small run", "s", median(single["runferry"]), median(single["wandb"])),
    ]
    return Result(figures, {"all_s": times, "one_s": single})
