"""What measuring the host costs the app: with one run, and with 50 runs of 20 processes each.

The interval is the default, 2 s; the tree of processes and the open files are looked up every 30 s, which each of the
measurements has at least twice. wandb starts a helper of its own per run instead: see `side_by_side.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from figures import Result, at_most
from rig import OURS, SCRIPTS, environment, run

SECONDS = 62.0
CASES = ((1, 1, 0.3), (50, 20, 2.0))  # runs, processes of each, percent of a core at most
MEMORY = 5.0  # MiB


def measure(folder: Path) -> Result:
    """Share of a core and memory."""
    figures, samples = [], {}
    for runs, processes, limit in CASES:
        command = [OURS / "python", SCRIPTS / "sampling.py", str(runs), str(processes), str(SECONDS)]
        told = json.loads(run(command, environment(folder / "home"), folder).splitlines()[-1])
        if told["processes"] != runs * processes or not told["rows"]:
            raise RuntimeError(f"not everything was measured: {told}")
        name = "measuring the host for 1 run" if runs == 1 else f"the same for {runs} runs of {processes} processes"
        figures.append(at_most(f"{name}: processor", "% of a core", told["cpu"], None, limit))
        if runs == 1:
            figures.append(at_most(f"{name}: memory", "MiB", told["memory"], None, MEMORY))
        samples[f"{runs} x {processes}"] = told
    return Result(figures, {"percent_of_a_core_and_MiB": samples})
