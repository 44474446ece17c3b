"""`runferry on`: takes `off` back; the runs of a directory are sent by themselves again."""

from __future__ import annotations

import argparse
import os

from runferry.cli.home import Surroundings, prepare, running_owner
from runferry.cli.init import existing
from runferry.cli.output import say
from runferry.errors import AppError
from runferry.settings.wandb_edit import edit

EXAMPLES = (
    "runferry on",
    "runferry on ~/experiments",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("directory", metavar="DIR", nargs="?", default=".", help="default: here")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    path = edit(existing(args.directory), {}, frozenset(("mode", "disabled")))
    say(f"On: {path} sets no mode. Runs here are sent by themselves where Runferry watches.")
    say(
        "That holds for what was recorded while it was off, too; dry runs (WANDB_MODE=dryrun) wait for `runferry sync`."
    )
    warn_of_variable()
    tell_owner(prepare())
    return 0


def warn_of_variable() -> None:
    """A variable of the shell wins over the file."""
    mode = os.environ.get("WANDB_MODE")
    if mode:
        say(f"But WANDB_MODE={mode} is set in this shell, and wins for what is started here.")


def tell_owner(around: Surroundings) -> None:
    """Let a running Runferry look at what it holds back; without one there is nobody to tell."""
    try:
        client = running_owner(around)
        if client is not None:
            with client:
                client.request("look-again", {})
    except AppError as error:
        say(f"The running Runferry did not notice: {error}")
