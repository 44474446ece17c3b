"""The parser of all commands; what each takes, and examples of it, stand in the command's own file.

Building it runs nothing: completion scripts and manual pages can be made of it.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from runferry.inert import inert
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

ANSWERS = frozenset(("status", "inspect", "doctor", "certificates", "proxy"))
"""Commands whose output is the whole of their work; the others can be quiet, and their exit code tells."""

EXIT_CODES = "Exit codes: 0 good, 1 something was not done or does not agree, 2 wrong use, 130 interrupted."


def build_parser(commands: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The parser. commands: those whose arguments are wanted; others are known by name, and their files not loaded."""
    parser = _Parser(
        prog="runferry",
        description="Carries machine-learning runs to where people look at them. Without a command: the app.",
        epilog=f"{EXIT_CODES}\nMore about a command: runferry COMMAND --help\n{documentation()}",
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"runferry {__version__}")
    parser.add_argument("--hidden", action="store_true", help="the app with its tray icon alone, as at login")
    known = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = known.add_parser(name, help=text, description=f"{text[:1].upper()}{text[1:]}.", formatter_class=_Help)
        if name in commands:
            _fill(sub, name)
    return parser


def module_of(command: str) -> ModuleType:
    """The file of a command."""
    return importlib.import_module(f"runferry.cli.{command.replace('-', '_')}")


def documentation() -> str:
    """Where more is written: beside the source, as long as it is published nowhere."""
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "docs" / "architecture.md").is_file():
        return f"Documentation: {checkout / 'README.md'} and {checkout / 'docs'}"
    return "Documentation: README.md and docs/ in Runferry's source"


def _fill(sub: argparse.ArgumentParser, name: str) -> None:
    module = module_of(name)
    module.add_arguments(sub)
    if name not in ANSWERS:
        sub.add_argument("-q", "--quiet", action="store_true", help="say only what went wrong; the exit code tells")
    examples = "".join(f"  {one}\n" for one in module.EXAMPLES)
    notes = getattr(module, "NOTES", "")
    sub.epilog = f"Examples:\n{examples}\n{notes}{notes and chr(10)}{EXIT_CODES}\n{documentation()}"


class _Parser(argparse.ArgumentParser):
    """Its complaints name what was given, which may be the name of a file that a pattern of the shell found."""

    def error(self, message: str) -> NoReturn:
        """End with the usage and what is wrong."""
        super().error(inert(message))


class _Help(argparse.RawDescriptionHelpFormatter):
    """Says the default of each option that has one and does not say it itself."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help
        if text and action.default not in (None, "", False, argparse.SUPPRESS, []) and "default" not in text:
            return f"{text}; default: %(default)s"
        return text
