"""44 logs that were damaged by script, through both programs: rows that are on the server afterwards, in its own files.

Each log stands alone in a folder, with a name as official runs have, and is sent by a command and into a project of its
own, since one file can end the official client for all others. Beside it, the bound: rows whose bytes are untouched.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import Figure, Result
from rig import CHECKOUT, Server, environment, runferry_sync, serving, wandb_sync

DAMAGED = CHECKOUT / "tests" / "fixtures" / "damaged.tar.xz"
SIDES = ("runferry", "wandb")
LIMIT = 90.0  # seconds for one log; a client that hangs is ended, and what arrived counts
AGE = 86_400.0  # seconds since these files were written, as it were: nobody takes them for live


def measure(folder: Path) -> Result:
    """Rows by log and side. A refusal or a panic is no failure here: what counts is what arrived."""
    logs, intact = _unpack(folder / "damaged")
    rows: dict[str, dict[str, int]] = {}
    codes: dict[str, dict[str, int | None]] = {}
    for side in SIDES:
        (folder / side).mkdir()
        with serving(folder / side) as server, ThreadPoolExecutor(2) as pool:
            sent = pool.map(lambda log, s=side, to=server: _send(s, log, to), logs.values())
            codes[side] = dict(zip(logs, sent, strict=True))
            rows[side] = {name: _arrived(server, log.stem) for name, log in logs.items()}
    if not rows["wandb"]["0.31.0-no_exit"]:
        raise RuntimeError("the official client sent nothing at all")
    ours, theirs, bound = (sum(one.values()) for one in (rows["runferry"], rows["wandb"], intact))
    name = f"rows recovered from {len(logs)} damaged logs (bytes untouched: {bound:,})"
    at_all = [sum(1 for log, count in intact.items() if count and rows[side][log] == count) for side in SIDES]
    some = sum(1 for count in intact.values() if count)
    refused = [sum(1 for log in logs if codes[side][log] == 0 and rows[side][log] < intact[log]) for side in SIDES]
    figures = [
        Figure(name, "rows", ours, theirs, f"{bound:,}", ours == bound, higher_is_better=True),
        Figure(f"logs of which every such row arrived, of {some}", "logs", *at_all, higher_is_better=True),
        Figure("logs that lost such rows while the command said 0", "logs", *refused, "0", refused[0] == 0),
    ]
    return Result(figures, {"rows": rows, "intact": intact, "exit_codes": codes})


def _unpack(folder: Path) -> tuple[dict[str, Path], dict[str, int]]:
    """The logs by name, each in a run folder; and how many rows of each have all their bytes."""
    with tarfile.open(DAMAGED) as archive:
        archive.extractall(folder / "packed", filter="data")
    intact: dict[str, int] = json.loads((folder / "packed" / "rows.json").read_text())
    logs = {}
    for number, packed in enumerate(sorted((folder / "packed").glob("*.wandb"))):
        run_id = f"damaged{number:02}"
        log = folder / f"offline-run-20261123_013000-{run_id}" / f"run-{run_id}.wandb"
        log.parent.mkdir()
        packed.rename(log)
        then = log.stat().st_mtime - AGE
        os.utime(log, (then, then))
        logs[packed.stem] = log
    return logs, intact


def _send(side: str, log: Path, server: Server) -> int | None:
    """The exit code; None for a command that did not end."""
    home = log.parent.parent / f"home-{side}-{log.stem}"
    command = (
        runferry_sync([log.parent], server, log.stem) if side == "runferry" else wandb_sync([log.parent], log.stem)
    )
    try:
        done = subprocess.run(command, env=environment(home, server), cwd=home, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _arrived(server: Server, project: str) -> int:
    """Rows in the server's files, without the places of rows that it never got."""
    files = (server.data / "runs" / "local" / project).glob("*/wandb-history.jsonl")
    return sum(1 for file in files for line in file.read_text().splitlines() if line)
