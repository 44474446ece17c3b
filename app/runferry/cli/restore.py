"""`runferry restore`: the code of a run as it was: its commit on a new branch, with what was not committed then."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from runferry.cli.home import owned_engine, prepare, raise_told, run_of, running_owner
from runferry.cli.output import say, tell
from runferry.engine.code_state.restore import CodeOfRun, restore, unpacked
from runferry.engine.restoring import code_of

EXAMPLES = (
    "runferry restore a1b2c3d4",
    "runferry restore our-team/vision/a1b2c3d4 --branch as-it-was",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("run", metavar="RUN", help="path of a run folder, id or name of a run, or ENTITY/PROJECT/RUN")
    parser.add_argument("--branch", default="", metavar="NAME", help="the new branch; default: runferry/RUN")
    parser.add_argument(
        "--server",
        default="",
        metavar="URL|local|cloud",
        help="take it from a server; default: from this computer, where it is known",
    )


def main(args: argparse.Namespace) -> int:
    """Run the command, in the current directory's repository."""
    code = _code(args)
    done = restore(code, Path.cwd(), args.branch)
    for note in done.notes:
        say(note)
    changes = f"with {done.changes}" if done.changes else "without changes"
    tell(f"On branch {done.branch} at {done.base[:12]}, {changes}.")
    return 0


def _code(args: argparse.Namespace) -> CodeOfRun:
    """By the Runferry that runs, else by this process. Raises AppError."""
    around = prepare()
    run = run_of(args.run)
    client = running_owner(around)
    if client is None:
        with owned_engine(around, "restore") as engine:
            return code_of(engine, run, args.server, os.environ)
    told: dict[str, Any] = {}
    with client:
        answer = client.request("code", {"run": run, "server": args.server}, on_progress=told.update)
    raise_told(answer)
    return unpacked(told)
