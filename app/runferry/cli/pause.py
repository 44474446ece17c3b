"""`runferry pause`: nothing more is sent, to all servers or to one, until `resume` or for a time, over restarts."""

from __future__ import annotations

import argparse

from runferry.cli.home import prepare, tell_owner
from runferry.cli.output import say
from runferry.engine.pauses import end_of
from runferry.servers import check_server

EXAMPLES = (
    "runferry pause",
    "runferry pause --for 2h",
    "runferry pause https://wandb.example.com --for tomorrow",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("server", metavar="URL", nargs="?", default="", help="which server; default: all")
    parser.add_argument(
        "--for", dest="length", default="", metavar="30m|2h|tomorrow", help="for how long; default: until `resume`"
    )


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    end_of(args.length, 0.0)  # what is no length of time is told even if nobody runs
    if tell_owner(prepare(), "pause", server=check_server(args.server), **{"for": args.length}):
        return 0
    say("Runferry is not running: there is nothing to pause.")
    return 1
