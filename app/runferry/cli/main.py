"""The parser of all commands, and what happens when one fails. Each command is a file beside this one."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from runferry.errors import AppError, UsageError
from runferry.version import __version__

COMMANDS = {
    "watch": "watch folders and sync what appears in them",
    "sync": "sync run folders now",
    "verify": "compare a run with what the server has",
    "status": "what is synced, what is waiting, which servers answer",
    "init": "set a directory's project and team, and the server",
    "on": "send a directory's runs by themselves again",
    "off": "keep a directory's runs here until asked",
    "clean": "put runs that a server verifiably has into the trash",
    "inspect": "what a run folder holds",
    "doctor": "walk the way to a server step by step, and say what to do",
    "certificates": "company CAs: add, show, remove; what a server presents",
    "proxy": "which proxy leads to servers, and who says so",
    "pause": "send nothing more until `resume`, or for a time",
    "resume": "end a pause",
    "restore": "bring back a run's code: its commit, and what was not committed",
    "stop": "end a training that runs on this computer",
    "try-now": "try servers at once, also those that are paused or stopped",
    "serve": "run the local server",
    "open": "a run's page in the browser, or the local server's",
    "login": "store a server's key in the keyring",
    "logout": "forget a server's key",
    "demo": "train a tiny model and watch its run arrive",
}

NOTES = {
    "sync": "While a server does not answer, it keeps trying; Ctrl+C ends it, and what was delivered is recorded. "
    "Exit codes: 0 all verified, 1 not, 2 wrong use, 130 interrupted.",
}


def run(arguments: Sequence[str]) -> int:
    """Run a command line; gives the exit code: 0 good, 1 failed, 2 wrong use, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="runferry",
        description="Carries machine-learning runs to where people look at them. Without a command: the app.",
    )
    parser.add_argument("--version", action="version", version=f"runferry {__version__}")
    parser.add_argument("--hidden", action="store_true", help="the app with its tray icon alone, as at login")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    wanted = next((one for one in arguments if one in COMMANDS), "")
    for name, help_text in COMMANDS.items():
        sub = commands.add_parser(
            name, help=help_text, description=help_text.capitalize() + ".", epilog=NOTES.get(name)
        )
        if name == wanted:  # the others' modules are not even imported: a command starts fast
            importlib.import_module(f"runferry.cli.{name.replace('-', '_')}").add_arguments(sub)
    parsed, late = parser.parse_known_args(arguments)
    _take_late(parser, parsed, late)
    module = importlib.import_module(f"runferry.cli.{(parsed.command or 'app').replace('-', '_')}")
    return _guarded(module.main, parsed)


def _take_late(parser: argparse.ArgumentParser, parsed: argparse.Namespace, late: list[str]) -> None:
    """Paths behind options (``sync A --server local B``) count too; argparse alone does not take them."""
    for name in ("paths", "folders"):
        if hasattr(parsed, name) and not any(one.startswith("-") for one in late):
            getattr(parsed, name).extend(late)
            return
    if late:
        parser.error(f"unrecognized arguments: {' '.join(late)}")


def _guarded(main: object, parsed: argparse.Namespace) -> int:
    assert callable(main)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    try:
        return int(main(parsed))
    except AppError as error:
        if getattr(parsed, "json", False):
            print(json.dumps({"error": error.as_dict()}))
        print(error.for_people(), file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("Interrupted. What was delivered is recorded; the rest goes on next time.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _terminate(number: int, frame: FrameType | None) -> None:
    """End in order, as for Ctrl-C."""
    raise KeyboardInterrupt
