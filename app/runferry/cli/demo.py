"""`runferry demo`: a tiny model trains in a process of its own, and its run is shown arriving."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from runferry.cli.home import owned_engine, prepare, say
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.engine.local_server import own_command
from runferry.errors import AppError
from runferry.status import RunStatus, SyncState

TRAINING = "--training"  # the part of this command that runs in the process of its own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options for people."""
    parser.add_argument(TRAINING, action="store_true", help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.training:
        from runferry.cli.demo_training import train

        train()
        return 0
    around = prepare()
    folder = Path(tempfile.mkdtemp(prefix="runferry-demo-"))
    say(f"A tiny model trains in a process of its own and writes into {folder}.")
    with owned_engine(around, "demo") as engine:
        training = subprocess.Popen(  # noqa: S603 - our own program
            [*own_command(), "demo", TRAINING],
            cwd=folder,
            env={**os.environ, "WANDB_DIR": str(folder), "RUNFERRY_MODE": "online"},
            stdout=subprocess.DEVNULL,
        )
        try:
            status = _follow(engine, folder, training)
        finally:
            training.terminate()
            training.wait()
    return _result(status)


def _follow(engine: Engine, folder: Path, training: subprocess.Popen[bytes]) -> RunStatus:
    """Sync again and again until the training is over and its run verified."""
    shown = -1
    while True:
        over = training.poll() is not None
        job = engine.sync(SyncRequest((folder,), server="local"))
        while not job.is_over:
            job.changed.wait(0.1)
            job.changed.clear()
        engine.finish(job)
        status = job.statuses()[0]
        if status.rows_acknowledged != shown and status.url:
            shown = status.rows_acknowledged
            say(f"  step {status.last_step}: {status.rows:,} rows written, {shown:,} on the server  {status.url}")
        if over:
            return status


def _result(status: RunStatus) -> int:
    if status.state is not SyncState.VERIFIED:
        told: dict[str, Any] = status.error or {}
        raise AppError(
            str(told.get("slug", "demo-failed")),
            str(told.get("title", "The demo did not arrive")),
            str(told.get("message", f"The run is {status.state.value}.")),
            str(told.get("todo", "See the log.")),
        )
    print(
        f"✓ {status.rows:,} rows, {status.console_lines} console lines, {status.files} files: verified on the server."
    )
    say(f"To look at it: run `runferry serve`, then open {status.url}")
    return 0
