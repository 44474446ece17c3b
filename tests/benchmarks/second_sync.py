"""The same sync once more, of a run that was verified: nothing may be sent again."""

from __future__ import annotations

import json
from pathlib import Path

from figures import Figure, Result
from official_runs import large
from rig import environment, run, runferry_sync, serving, timed, wandb_sync


def measure(folder: Path) -> Result:
    """Rows that the second call sent, and what it took."""
    source = large()
    ours, theirs = folder / "ours", folder / "theirs"
    with serving(folder) as server:
        command = runferry_sync([source], server, "ours")
        first = json.loads(run([*command, "--json"], environment(ours, server), folder))
        second = json.loads(run([*command, "--json"], environment(ours, server), folder))
        if first["state"] != "verified" or second["state"] != "verified":
            raise RuntimeError(f"not verified: {first['state']}, then {second['state']}")
        times = {
            "runferry": timed(command, environment(ours, server), folder),
            "wandb": [timed(wandb_sync([source], "theirs"), environment(theirs, server), folder) for _ in range(2)][1],
        }
    figures = [
        Figure("rows sent by a second sync", "rows", second["rows_sent"], None, "0", second["rows_sent"] == 0),
        Figure("second sync of 100,000 rows", "s", times["runferry"], times["wandb"]),
    ]
    return Result(figures, {"s": times, "rows_sent": [first["rows_sent"], second["rows_sent"]]})
