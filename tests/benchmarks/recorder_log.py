"""`log()` of the recorder beside `wandb.log`, init beside init, import beside import; raw samples go to JSON.

    python tests/benchmarks/recorder_log.py PEER_PYTHON [OUT.json]

PEER_PYTHON is an interpreter that has wandb. Both sides run the same script, each in fresh processes, in turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parents[2] / "app"
ROUNDS = 3

SCRIPT = """
import json, os, sys, time
begin = time.perf_counter_ns()
import {module} as module
imported = time.perf_counter_ns()
run = module.init(project="bench", mode="offline", settings={settings})
ready = time.perf_counter_ns()
samples = []
for step in range({rows}):
    row = {{"loss": 1.2345 / (step + 1), "accuracy": step / 7, "lr": 1e-4 * step, "norm": 0.5, "epoch": step}}
    start = time.perf_counter_ns()
    run.log(row)
    samples.append(time.perf_counter_ns() - start)
tasks = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else None
children = None
path = f"/proc/self/task/{{os.getpid()}}/children"
if os.path.exists(path):
    children = len(open(path).read().split())
run.finish()
times = {{"import": imported - begin, "init": ready - imported, "log": samples}}
print(json.dumps({{**times, "tasks": tasks, "children": children}}))
"""


def measure(python: str, module: str, settings: dict[str, str], rows: int) -> dict[str, Any]:
    """One process; times in nanoseconds."""
    with tempfile.TemporaryDirectory() as place:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "RUNFERRY_"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment.update(
            WANDB_SILENT="true", PYTHONPATH=str(APP), PYTHONPYCACHEPREFIX=str(Path(tempfile.gettempdir(), "bench-pyc"))
        )
        code = SCRIPT.format(module=module, settings=settings, rows=rows)
        done = subprocess.run(
            [python, "-c", code], cwd=place, env=environment, capture_output=True, text=True, check=True
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def write_300() -> list[int]:
    """What a bare os.write of 300 bytes costs here."""
    import time

    data = b"x" * 300
    samples = []
    with tempfile.TemporaryFile() as file:
        for _ in range(20_000):
            start = time.perf_counter_ns()
            os.write(file.fileno(), data)
            samples.append(time.perf_counter_ns() - start)
    return samples


def percentile(samples: list[int], share: float) -> float:
    """In microseconds."""
    return sorted(samples)[int(len(samples) * share)] / 1000


def main() -> None:
    """Measure, print a table with ratios, write the samples."""
    peer = sys.argv[1]
    raw: dict[str, Any] = {"write": write_300(), "runferry": [], "wandb": []}
    for _ in range(ROUNDS):
        raw["runferry"].append(measure(sys.executable, "runferry", {"silent": "true"}, 20_000))
        raw["wandb"].append(measure(peer, "wandb", {}, 3_000))
    print(f"os.write of 300 bytes: p50 {percentile(raw['write'], 0.5):.2f} us")
    for what, read in (
        ("log p50 us", lambda one: percentile(one["log"], 0.5)),
        ("log p99 us", lambda one: percentile(one["log"], 0.99)),
        ("init ms", lambda one: one["init"] / 1e6),
        ("import ms", lambda one: one["import"] / 1e6),
    ):
        ours, theirs = (min(map(read, raw[name])) for name in ("runferry", "wandb"))
        print(f"{what:12} runferry {ours:10.2f}   wandb {theirs:10.2f}   ratio {theirs / ours:6.1f}")
    for name in ("runferry", "wandb"):
        print(f"{name}: threads {raw[name][0]['tasks']}, children {raw[name][0]['children']}")
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(raw))


if __name__ == "__main__":
    main()
