"""One row with a text of 5 MB, written by the real client."""

from __future__ import annotations

from pathlib import Path

from figures import Figure, Result, median
from official_runs import one_large_row
from rig import environment, runferry_sync, serving, timed, wandb_sync

TURNS = 2


def measure(folder: Path) -> Result:
    """Seconds of the whole command, in turns."""
    source = one_large_row()
    times: dict[str, list[float]] = {"runferry": [], "wandb": []}
    with serving(folder) as server:
        for turn in range(TURNS):
            commands = {
                "runferry": runferry_sync([source], server, f"runferry-{turn}"),
                "wandb": wandb_sync([source], f"wandb-{turn}"),
            }
            for name, command in commands.items():
                times[name].append(timed(command, environment(folder / f"{name}-{turn}", server), folder))
                history = server.history(f"{name}-{turn}", source.name.rsplit("-", 1)[-1])
                if history.stat().st_size < 5_000_000:
                    raise RuntimeError(f"{name} did not deliver the row")
    figure = Figure("sync of one row of 5 MB", "s", median(times["runferry"]), median(times["wandb"]))
    return Result([figure], {"s": times})
