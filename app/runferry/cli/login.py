"""`runferry login`: store a server's key in the keyring, after asking the server whose it is."""

from __future__ import annotations

import argparse
import os

from runferry.cli.home import choose_keyed_server, prepare, tell_owner
from runferry.cli.output import ask_secret, is_asked, read_line, say, warn
from runferry.credentials import KeyPlace, check_key, keep_key
from runferry.engine.access import whose_key
from runferry.errors import UsageError

EXAMPLES = (
    "runferry login",
    "runferry login --server https://wandb.example.com",
    "runferry login - < key.txt",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("--server", default="", metavar="URL|local|cloud", help="whose key it is; default: cloud")
    parser.add_argument("key", metavar="KEY|-", nargs="?", help="-: from standard input; default: asks for it")


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
        warn("A key among the arguments stands in the shell's history, and every account here may read it while this")
        warn("runs. Better: `runferry login`, which asks for it, or `runferry login - < FILE`.")
        return given.strip()
    if given == "-" or not is_asked():
        return read_line().strip()
    return ask_secret(f"API key for {server} (it is not shown):").strip()
