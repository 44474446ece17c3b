"""`runferry login`: store a server's key in the keyring, after asking the server whose it is."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from runferry.cli.home import choose_keyed_server, prepare, say, tell_owner
from runferry.credentials import KeyPlace, check_key, keep_key
from runferry.engine.access import whose_key
from runferry.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("--server", default="", metavar="URL|local|cloud", help="whose key it is; default: cloud")
    parser.add_argument("key", metavar="KEY|-", nargs="?", help="the key; -: from standard input; none: asks for it")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    choice = choose_keyed_server(args.server, around.settings)
    if choice.is_local:
        raise UsageError(
            "local-needs-no-key",
            "The local server needs no login",
            "Its key lies in its own store, and Runferry finds it there.",
            "Name another server with --server.",
        )
    key = check_key(_read_key(args.key, choice.server))
    account = whose_key(choice.server, key, around.settings, os.environ)
    where = keep_key(choice.server, key, KeyPlace.KEYRING, key_file=around.settings.key_file)
    tell_owner(around, "try-now", server=choice.server)  # one that waits for this key
    say(f"Logged in to {choice.server} as {account.username or 'this key'}. The key is in {where}.")
    return 0


def _read_key(given: str | None, server: str) -> str:
    if given and given != "-":
        return given.strip()
    if given == "-" or not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return getpass.getpass(f"API key for {server} (it is not shown): ").strip()
