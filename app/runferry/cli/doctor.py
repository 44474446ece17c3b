"""`runferry doctor`: what works on the way to a server and on this computer, and what to do about the rest."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import Any

from runferry.cli.home import OWNER_PATIENCE, Surroundings, choose_server, prepare
from runferry.cli.output import say, tell, tell_json
from runferry.clock import SystemClock
from runferry.control import ControlClient, find_owner
from runferry.engine.doctor import Mark, Step, examine
from runferry.engine.doctor.step import good, timed, warning
from runferry.engine.local_server import LocalServer
from runferry.engine.problems import OWN_FAULTS
from runferry.names import check_name

_SIGNS = {Mark.GOOD: "✓", Mark.WARNING: "!", Mark.BAD: "✗", Mark.SKIPPED: "–"}

EXAMPLES = (
    "runferry doctor",
    "runferry doctor https://wandb.example.com --read-only",
    "runferry doctor local --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("server", metavar="URL|local|cloud", nargs="?", default="", help="which server; default: yours")
    parser.add_argument("--project", default="", help="where the test run is made and deleted; default: yours")
    parser.add_argument("--read-only", action="store_true", help="do not try to write and to upload")
    parser.add_argument("--json", action="store_true", help="one JSON object; its `schema` is 1")


def main(args: argparse.Namespace) -> int:
    """Run the command: 0 when no step is bad."""
    check_name("project", args.project)
    around = prepare()
    choice = choose_server(args.server, around.settings)
    if not args.read_only:
        say("A test run is made on the server, with one small file, and deleted again. (--read-only: none.)")
    local = LocalServer(around.home.store, around.settings.local_server_port, SystemClock())
    taken: list[Step] = []
    try:
        running = local.ensure() if choice.is_local else None
        steps = examine(
            choice, around.home, around.settings, os.environ, running, args.project, writes=not args.read_only
        )
        for step in steps:
            taken.append(step)
            if not args.json:
                _show(step)
        if (app := _app(around)) is not None:
            taken.append(app)
            if not args.json:
                _show(app)
    finally:
        if local.has_started_one:  # one that a running owner looks after stays
            local.stop()
    is_good = all(step.mark is not Mark.BAD for step in taken)
    if args.json:
        told = {"schema": 1, "server": choice.server, "good": is_good, "steps": [one.as_dict() for one in taken]}
        tell_json(told)
    return 0 if is_good else 1


def _app(around: Surroundings) -> Step | None:
    """How the Runferry that runs is; None where none does."""
    if find_owner(around.home) is None:
        return None

    def look() -> Step:
        told: dict[str, Any] = {}
        client = ControlClient.connect(around.home)
        if client is None:
            return warning("it just starts, or ends", "Try again in a moment.")
        with client:
            client.request("status", on_progress=told.update, patience=OWNER_PATIENCE)
        wrong = [one for one in told["problems"] if one["slug"] in OWN_FAULTS]
        if wrong:
            return replace(
                warning(wrong[0]["title"], wrong[0]["todo"], *(one["message"] for one in wrong)), mark=Mark.BAD
            )
        return good(f"process {told['pid']} answers, and all its parts get on")

    return timed("running app", look)


def _show(step: Step) -> None:
    took = f" ({step.seconds * 1000:.0f} ms)" if step.mark is not Mark.SKIPPED else ""
    tell(f"{_SIGNS[step.mark]} {step.name}: {step.said}{took}")
    for line in step.lines:
        tell(f"    {line}")
    if step.todo:
        tell(f"    What to do: {step.todo}")
