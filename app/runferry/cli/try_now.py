"""`runferry try-now`: servers are asked at once, also those that are paused or wait for a person."""

from __future__ import annotations

import argparse

from runferry.cli.home import prepare, tell_owner
from runferry.cli.output import say
from runferry.servers import check_server

EXAMPLES = (
    "runferry try-now",
    "runferry try-now https://wandb.example.com",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("server", metavar="URL", nargs="?", default="", help="which server; default: all")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    if tell_owner(prepare(), "try-now", server=check_server(args.server)):
        return 0
    say("Runferry is not running: there is nothing to try.")
    return 1
