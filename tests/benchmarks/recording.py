"""Import, init and log() of the recorder, beside wandb: the same script, several processes, in turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from figures import Figure, Result, at_most, median, percentile, times_better
from rig import OURS, PEER, SCRIPTS, environment, run

PROCESSES = 5
ROWS = 4000
WRITE_AT_HAND = 1.4  # µs that a 300-byte write took where the 10 µs were set as the target


def measure(folder: Path) -> Result:
    """Times in µs (log, os.write) and ms (import, init)."""
    pythons = {"runferry": OURS / "python", "wandb": PEER / "python"}
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    for number in range(PROCESSES + 1):
        for name, python in pythons.items():
            place = folder / f"{name}-{number}"
            place.mkdir()
            out = place / "result.json"
            command = [python, SCRIPTS / "record.py", name, place, str(ROWS), out]
            run(command, environment(place / "home"), place)
            if number:  # the first one fills the disk cache
                taken[name].append(json.loads(out.read_text()))
    return Result(figures(taken["runferry"], taken["wandb"]), taken)


def figures(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[Figure]:
    """From the raw samples of each side."""
    for one in (*ours, *theirs):
        one["start_ns"] = one["import_ns"] + one["init_ns"]
    log, peer = _all(ours, "log_ns"), _all(theirs, "log_ns")
    write = median(_all(ours, "write_ns"))
    limit = 10 * max(write / WRITE_AT_HAND, 1)
    loose = f" (os.write of 300 bytes here: {write:.1f} µs)"
    return [
        times_better("log(), 5 metrics, p50", "µs", median(log), median(peer), 20),
        at_most("log(), 5 metrics, p50" + loose, "µs", median(log), None, round(limit, 1)),
        times_better("log(), 5 metrics, p99", "µs", percentile(log, 0.99), percentile(peer, 0.99), 20),
        times_better("init", "ms", _single(ours, "init_ns"), _single(theirs, "init_ns"), 20),
        times_better("import", "ms", _single(ours, "import_ns"), _single(theirs, "import_ns"), 20),
        at_most("import", "ms", _single(ours, "import_ns"), None, 30),
        Figure("import and init together", "ms", _single(ours, "start_ns"), _single(theirs, "start_ns")),
        _none("processes started", ours, theirs, "processes"),
        _none("threads started", ours, theirs, "threads"),
    ]


def _all(runs: list[dict[str, Any]], name: str) -> list[float]:
    return [one / 1e3 for run_ in runs for one in run_[name]]


def _single(runs: list[dict[str, Any]], name: str) -> float:
    return median([run_[name] / 1e6 for run_ in runs])


def _none(what: str, ours: list[dict[str, Any]], theirs: list[dict[str, Any]], name: str) -> Figure:
    most = max(one[name] for one in ours)
    return Figure(what, "", most, max(one[name] for one in theirs), "0", most == 0)
