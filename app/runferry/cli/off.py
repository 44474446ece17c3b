"""`runferry off`: the runs of a directory stay on this computer until somebody asks for them."""

from __future__ import annotations

import argparse

from runferry.cli.home import prepare
from runferry.cli.init import existing
from runferry.cli.on import tell_owner, warn_of_variable
from runferry.cli.output import say
from runferry.settings.wandb_edit import edit

EXAMPLES = (
    "runferry off",
    "runferry off ~/experiments",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("directory", metavar="DIR", nargs="?", default=".", help="default: here")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    path = edit(existing(args.directory), {"mode": "offline"}, frozenset(("disabled",)))
    say(f"Off: {path} says `mode = offline`. New runs here are recorded and wait for `runferry sync`.")
    say("What is on its way already goes on.")
    warn_of_variable()
    tell_owner(prepare())
    return 0
