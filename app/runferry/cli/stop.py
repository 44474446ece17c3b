"""`runferry stop`: interrupt a training on this computer; it saves what it wants and its run ends as killed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from runferry.cli.home import Surroundings, owned_engine, prepare, raise_told, run_of, running_owner
from runferry.cli.output import ask, is_asked, say, tell
from runferry.engine.stopping import targets_of
from runferry.errors import UsageError

EXAMPLES = (
    "runferry stop a1b2c3d4",
    "runferry stop wandb/latest-run --yes",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("run", metavar="RUN", help="path of a run folder, or id or name of a run")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def main(args: argparse.Namespace) -> int:
    """Run the command: 0 when every training has ended."""
    around = prepare()
    run = run_of(args.run)
    targets = _ask(around, {"run": run})["targets"]
    for one in targets:
        say(f"{one['run_id']}: process {one['pid']}  {one['command']}")
        if one["others"]:
            say(f"  with it: {', '.join(map(str, one['others']))} (they train together)")
    if not args.yes and not _is_sure(len(targets)):
        return 1
    wait = around.settings.stop_wait
    say(f"Interrupting. After {wait:g} seconds it is told to end (SIGTERM); at once where it cannot be interrupted.")
    is_good = True
    for one in targets:
        stopped = _ask(around, {"path": one["path"], "sure": True})["stopped"]
        is_good = is_good and stopped["is_gone"]
        said = (
            "has ended" if stopped["is_gone"] else "its process still runs: it takes no notice, or does something else"
        )
        tell(f"{one['run_id']}: {said} ({', '.join(stopped['signals'])})")
    return 0 if is_good else 1


def _is_sure(count: int) -> bool:
    if not is_asked():
        raise UsageError(
            "not-confirmed",
            "Nobody can be asked here",
            "Stopping a training has to be confirmed, and the input is no terminal.",
            "Add --yes.",
        )
    what = "this training" if count == 1 else f"these {count} trainings"
    return ask(f"Stop {what}? [y/N]").lower() in ("y", "yes")


def _ask(around: Surroundings, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """By the Runferry that runs, else by this process. Raises AppError."""
    client = running_owner(around)
    if client is None:
        with owned_engine(around, "stop") as engine:
            if not arguments.get("sure"):
                return {"targets": [asdict(one) for one in targets_of(engine, arguments["run"])]}
            return {"stopped": asdict(engine.stop_run(arguments["path"], wait=True))}
    told: dict[str, Any] = {}
    with client:
        answer = client.request("stop", arguments, on_progress=told.update)
    raise_told(answer)
    return told
