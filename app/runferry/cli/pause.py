"""`runferry pause`: nothing more is sent, to all servers or to one, until `try-now`."""

from __future__ import annotations

import argparse

from runferry.cli.home import prepare, say, tell_owner
from runferry.servers import check_server


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("server", metavar="URL", nargs="?", default="", help="which server; default: all")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    if tell_owner(prepare(), "pause", server=check_server(args.server)):
        return 0
    say("Runferry is not running: there is nothing to pause.")
    return 1
