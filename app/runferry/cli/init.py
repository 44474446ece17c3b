"""`runferry init`: the project and the team of a directory's runs, and the server of this computer's syncs.

Project and team go into W&B's own settings file, where the official client and the recorder read them. The server goes
into Runferry's settings and never into that file: it would redirect the official client.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from runferry.cli.home import path_of, prepare
from runferry.cli.output import say
from runferry.errors import UsageError
from runferry.names import check_name
from runferry.settings.wandb_edit import edit

EXAMPLES = (
    "runferry init --project vision",
    "runferry init ~/experiments --project vision --entity our-team --server local",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("directory", metavar="DIR", nargs="?", default=".", help="default: here")
    parser.add_argument("--project", default="", help="for runs that name none; default: left as it is")
    parser.add_argument("--entity", default="", help="the team, for runs that name none; default: left as it is")
    parser.add_argument(
        "--server", default="", metavar="URL|local|cloud", help="where this computer's runs go; default: left as it is"
    )


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    directory = existing(args.directory)
    said = {"project": ("project", args.project), "entity": ("team", args.entity)}
    values = {name: one_line(what, value) for name, (what, value) in said.items() if value}
    if not values and not args.server:
        raise UsageError(
            "nothing-to-set",
            "Nothing to set",
            "Neither a project, a team nor a server was named.",
            "Say for example `runferry init --project demo`.",
        )
    around = prepare()
    settings = around.settings.changed(server=args.server) if args.server else None
    if values:
        path = edit(directory, values)
        told = ", ".join(f"{name} {value}" for name, value in values.items())
        say(f"{path}: {told}. The official client and the recorder read it.")
    if settings is not None:
        settings.save(around.home.settings_file)
        say(f"{around.home.settings_file}: server {settings.server}, for all of this computer's syncs.")
    return 0


def existing(text: str) -> Path:
    """The folder of this name. Raises UsageError."""
    path = path_of(text)
    if not path.is_dir():
        raise UsageError("no-folder", "No such folder", f"{path} is not a folder.", "Make it first, or name another.")
    return path


def one_line(what: str, value: str) -> str:
    """A name as it can stand in the file. Raises UsageError."""
    if not (text := value.strip()):
        raise UsageError(
            f"bad-{what}",
            f"That cannot be the name of a {what}",
            f"{value!r} holds nothing but spaces.",
            "Use letters, digits, - and _.",
        )
    check_name(what, text)
    return text
