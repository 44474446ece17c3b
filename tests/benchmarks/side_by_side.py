"""Host metrics of real wandb and ours, for the same training on the same host at the same time; and what each costs.

    python tests/benchmarks/side_by_side.py      writes the measured part of docs/host-metrics.md

First one training that both clients record, each to a local server, is measured by both at once. Then the same fixed
work is done three times: recording nothing, with wandb, and with Runferry; its process and its helpers are weighed.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil
from rig import CHECKOUT, OURS, PEER, RESULTS, SCRIPTS, Server, check_peer, environment, serving, started

PAGE = CHECKOUT / "docs" / "host-metrics.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
SECONDS = 60.0  # of the training that both measure
BLOCKS = 1500  # of the training that is weighed
LOOK = 0.1
PACKAGES = os.pathsep.join(sorted(str(one) for one in (PEER.parent / "lib").glob("python3*/site-packages")))


@dataclass
class Weight:
    """Processor seconds, peak MiB and most threads, of the training and of what runs for it besides."""

    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    threads: int = 0
    helpers: int = 0
    helpers_cpu: float = 0.0
    helpers_memory: float = 0.0


def main() -> int:
    """Measure, write the page and the raw values."""
    check_peer()
    with tempfile.TemporaryDirectory(prefix="beside-") as place:
        folder = Path(place)
        ours, theirs = both(folder)
        weights = {client: weigh(client, folder) for client in ("plain", "wandb", "runferry")}
    RESULTS.mkdir(exist_ok=True)
    raw = {"ours": ours, "theirs": theirs, "weights": {name: vars(one) for name, one in weights.items()}}
    (RESULTS / "side_by_side.json").write_text(json.dumps(raw, indent=1))
    text = f"{machine()}\n\n{values_table(ours, theirs)}\n\n{cost_table(weights)}\n"
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2])
    print(text)
    return 0


@contextlib.contextmanager
def watch(folder: Path, server: Server) -> Iterator[psutil.Process]:
    """Our app, measuring every 2 s without averaging, as wandb is told to."""
    env = {**environment(folder / "watch-home", server), "RUNFERRY_METRICS_AVERAGE": "0", "RUNFERRY_LOG_LEVEL": "error"}
    command = [OURS / "runferry", "watch", folder / "work", "--server", server.url]
    with (folder / "told").open("wb") as told, started(command, env, folder, stderr=told.fileno()) as process:
        while "Watching" not in (folder / "told").read_text():
            if process.poll() is not None:
                raise RuntimeError((folder / "told").read_text())
            time.sleep(LOOK)
        yield psutil.Process(process.pid)


def training(client: str, folder: Path, server: Server, seconds: float, blocks: int) -> Any:
    """A context in which the training runs, by the peer's Python for all."""
    (folder / "work").mkdir(exist_ok=True)
    env = environment(folder / "home", server)
    env.update(WANDB_DIR=str(folder / "work"), PYTHONPATH=str(CHECKOUT / "app"), WANDB_CONSOLE="off")
    return started([PEER / "python", SCRIPTS / "training.py", client, str(seconds), str(blocks)], env, folder)


def both(folder: Path) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The rows of both, for one training."""
    with serving(folder) as server:
        (folder / "work").mkdir()
        with watch(folder, server), training("both", folder, server, SECONDS, 0) as process:
            if process.wait(SECONDS + 120):
                raise RuntimeError("the training failed")
            _until(lambda: _events(server, "ours") and _finished(server, "ours"))
        return _events(server, "ours"), _events(server, "theirs")


def weigh(client: str, folder: Path) -> Weight:
    """The same work with one client, or none; in a folder of its own."""
    place = folder / f"weigh-{client}"
    place.mkdir()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(place))
        (place / "work").mkdir()
        app = stack.enter_context(watch(place, server)) if client == "runferry" else None
        begin_cpu = sum(app.cpu_times()[:2]) if app else 0.0
        begin = time.monotonic()
        process = stack.enter_context(training(client, place, server, 0.0, BLOCKS))
        weight = _observe(process, app)
        weight.seconds = time.monotonic() - begin
        if process.returncode:
            raise RuntimeError(f"the training with {client} failed")
        if app:
            weight.helpers_cpu = sum(app.cpu_times()[:2]) - begin_cpu
    return weight


def _observe(process: Any, app: psutil.Process | None) -> Weight:
    weight, watched = Weight(), psutil.Process(process.pid)
    helpers_cpu: dict[int, float] = {}
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            weight.cpu = sum(watched.cpu_times()[:2])
            weight.memory = max(weight.memory, watched.memory_info().rss / 2**20)
            weight.threads = max(weight.threads, watched.num_threads())
            helpers = [app] if app else watched.children(recursive=True)
            weight.helpers = max(weight.helpers, len(helpers))
            weight.helpers_memory = max(weight.helpers_memory, sum(one.memory_info().rss for one in helpers) / 2**20)
            helpers_cpu.update({one.pid: sum(one.cpu_times()[:2]) for one in helpers})
        time.sleep(LOOK)
    weight.helpers_cpu = sum(helpers_cpu.values())
    return weight


def _events(server: Server, run: str) -> list[dict[str, float]]:
    path = server.history("beside", run).with_name("wandb-events.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _finished(server: Server, run: str) -> bool:
    record = server.history("beside", run).with_name("run.json")
    return record.exists() and json.loads(record.read_text()).get("state") == "finished"


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the run did not arrive")
        time.sleep(LOOK)


def values_table(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> str:
    """Means over the time in which both measured, of the keys that both report; and the names of the others."""
    first = max(min(row["_timestamp"] for row in side) for side in (ours, theirs))
    last = min(max(row["_timestamp"] for row in side) for side in (ours, theirs))
    found = [_series(side, first, last) for side in (ours, theirs)]
    lines = ["| key | Runferry: mean (least – most) | wandb: mean (least – most) |", "| --- | ---: | ---: |"]
    for key in sorted(set(found[0]) & set(found[1])):
        lines.append(f"| `{key}` | {_spread(found[0][key])} | {_spread(found[1][key])} |")
    for name, mine, other in (("Runferry", found[0], found[1]), ("wandb", found[1], found[0])):
        only = sorted(set(mine) - set(other))
        lines.append(f"\nOnly {name}: {', '.join(f'`{key}`' for key in only) or 'none'}.")
    return "\n".join(lines)


def _series(rows: Sequence[dict[str, float]], first: float, last: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        for key, value in row.items():
            if key.startswith("system.") and first - 1.0 <= row["_timestamp"] <= last + 1.0:
                found.setdefault(key, []).append(value)
    return found


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):,.2f} ({min(values):,.2f} – {max(values):,.2f})"


def cost_table(weights: dict[str, Weight]) -> str:
    """What the training's process and the machine pay."""
    lines = [
        "| | recording nothing | wandb | Runferry |",
        "| --- | ---: | ---: | ---: |",
    ]
    rows = (
        ("training: duration, s", "seconds", ".1f"),
        ("training: processor, s", "cpu", ".1f"),
        ("training: peak memory, MiB", "memory", ".0f"),
        ("training: threads", "threads", ".0f"),
        ("other processes", "helpers", ".0f"),
        ("other processes: processor, s", "helpers_cpu", ".1f"),
        ("other processes: peak memory, MiB", "helpers_memory", ".0f"),
    )
    for name, field, form in rows:
        values = [format(getattr(weights[one], field), form) for one in ("plain", "wandb", "runferry")]
        lines.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(lines)


def machine() -> str:
    """Where and when."""
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return (
        f"{date.today()}: {platform.system()} {platform.release()}, {cores} cores, Python {platform.python_version()}, "
        f"load average {load:.1f} when it ended. Both measured every 2 s, without averaging."
    )


if __name__ == "__main__":
    sys.exit(main())
