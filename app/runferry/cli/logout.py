"""`runferry logout`: forget a server's key."""

from __future__ import annotations

import argparse

from runferry.cli.home import choose_keyed_server, prepare
from runferry.cli.output import say
from runferry.credentials import forget_key

EXAMPLES = (
    "runferry logout",
    "runferry logout --server https://wandb.example.com",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("--server", default="", metavar="URL|local|cloud", help="whose key to forget; default: cloud")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    choice = choose_keyed_server(args.server, around.settings)
    if choice.is_local:
        say("The local server needs no login, so no key is stored for it.")
        return 0
    removed = forget_key(choice.server, key_file=around.settings.key_file)
    say(
        f"Forgotten: the key of {choice.server} ({', '.join(removed)})."
        if removed
        else f"No key of {choice.server} was stored."
    )
    return 0
