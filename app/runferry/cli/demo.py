"""`runferry demo`: a tiny model trains in a process of its own, and its run is shown arriving."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runferry.cli.home import Surroundings, hosted, prepare
from runferry.cli.output import say, tell
from runferry.cli.sync import carry_out
from runferry.counted import count_of
from runferry.engine.job import SyncRequest
from runferry.errors import AppError
from runferry.own_command import own_command

PAUSE = 0.5  # seconds between two looks
TRAINING = "--training"  # the part of this command that runs in the process of its own

EXAMPLES = ("runferry demo",)


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
    training = subprocess.Popen(  # noqa: S603 - our own program
        [*own_command(), "demo", TRAINING],
        cwd=folder,
        env={**os.environ, "WANDB_DIR": str(folder), "RUNFERRY_MODE": "online", "RUNFERRY_SILENT": "true"},
        stdout=subprocess.DEVNULL,
    )
    try:
        with hosted(around):
            return _result(_follow(around, folder, training))
    finally:
        training.terminate()
        training.wait()


def _follow(around: Surroundings, folder: Path, training: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Sync again and again until the training is over and its run verified; gives the run's last status."""
    told: dict[str, Any] = {}
    request = SyncRequest((folder,), server="local")
    while True:
        over = training.poll() is not None
        if any(folder.rglob("*.wandb")):
            carry_out(around, request, lambda message: told.update(message) or True)
            run = told["runs"][0]
            say(f"  {count_of(run['rows'], 'row')} written, {run['rows_acknowledged']:,} on the server  {run['url']}")
        if over:
            return dict(told["runs"][0]) if told.get("runs") else {}
        try:
            training.wait(PAUSE)
        except subprocess.TimeoutExpired:
            continue


def _result(run: dict[str, Any]) -> int:
    if run.get("state") != "verified":
        told: dict[str, str] = run.get("error") or {}
        raise AppError(
            told.get("slug", "demo-failed"),
            told.get("title", "The demo did not arrive"),
            told.get("message", f"The run is {run.get('state', 'not there')}."),
            told.get("todo", "See the log."),
        )
    tell(
        f"✓ {count_of(run['rows'], 'row')}, {count_of(run['console_lines'], 'console line')}, "
        f"{count_of(run['files'], 'file')}: verified on the server."
    )
    page = urlsplit(run["url"]).path
    say(f"To look at it: run `runferry serve`, and open {page} at the address that it prints.")
    return 0
