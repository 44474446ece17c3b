"""`runferry open`: a run's page, or the local server's, in the browser; without a browser, its address.

A page of the local server is opened by a link that works once and for a minute, so the address is no secret for long.
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from typing import Any

from runferry.cli.home import Surroundings, owned_engine, prepare, raise_told, run_of, running_owner
from runferry.cli.output import say, tell
from runferry.engine.opening import page_of

EXAMPLES = (
    "runferry open",
    "runferry open a1b2c3d4",
    "runferry open wandb/latest-run --print",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="path of a run folder, or id or name of a run; default: all"
    )
    parser.add_argument("--print", action="store_true", help="print the address, and open nothing")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    page = _ask(around, run_of(args.run) if args.run else "")
    tell(page)
    if not args.print and not (_has_browser() and webbrowser.open(page)):
        say("No browser can be started here: open the address above within a minute.")
    return 0


def _has_browser() -> bool:
    """Without a display only a browser for terminals would start, in the middle of a command's output."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _ask(around: Surroundings, run: str) -> str:
    """By the Runferry that runs, else by this process. Raises AppError."""
    client = running_owner(around)
    if client is None:
        with owned_engine(around, "open") as engine:
            return page_of(engine, run)
    told: dict[str, Any] = {}
    with client:
        answer = client.request("open", {"run": run}, on_progress=told.update)
    raise_told(answer)
    return str(told["page"])
