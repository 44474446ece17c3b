"""`runferry resume`: ends the pause of all servers, or of one, whatever paused them."""

from __future__ import annotations

import argparse
from typing import Any

from runferry.cli.home import prepare, tell_owner
from runferry.cli.output import say
from runferry.servers import check_server

EXAMPLES = (
    "runferry resume",
    "runferry resume https://wandb.example.com",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("server", metavar="URL", nargs="?", default="", help="which server; default: all")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    told: dict[str, Any] = {}
    if not tell_owner(prepare(), "resume", told, server=check_server(args.server)):
        say("Runferry is not running: a pause is ended while it runs.")
        return 1
    say("Resumed." if told.get("was_paused") else "Nothing was paused.")
    return 0
