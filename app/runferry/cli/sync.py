"""`runferry sync`: deliver what is named, show how far it is, and end with 0 only if all of it is verified."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from runferry.cli.home import (
    TRIES,
    Occupied,
    Surroundings,
    choose_server,
    owned_engine,
    path_of,
    prepare,
    raise_told,
    running_owner,
)
from runferry.cli.output import tell_json
from runferry.cli.progress import make_view, print_results
from runferry.control import ControlClient
from runferry.engine.commands import Progress, follow, sync_arguments
from runferry.engine.job import SyncRequest
from runferry.errors import TemporaryError, UsageError
from runferry.names import check_name

NOTES = (
    "While a server does not answer, it keeps trying; Ctrl+C ends it, and what was delivered is recorded.\n"
    "0 means: all of it is verified."
)
EXAMPLES = (
    "runferry sync wandb/offline-run-20260131_093000-a1b2c3d4",
    "runferry sync ~/experiments --server local --dry-run",
    "runferry sync wandb --server https://wandb.example.com --project vision --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="run folder, .wandb file, or a folder of runs")
    parser.add_argument(
        "--server", default="", metavar="URL|local|cloud", help="where to; default: yours, else this computer"
    )
    parser.add_argument("--entity", default="", help="team or user on the server; default: the run's own, else yours")
    parser.add_argument("--project", default="", help="project on the server; default: the run's own, else yours")
    parser.add_argument("--id", default="", help="run id on the server, for one run only; default: its own")
    parser.add_argument("--new", action="store_true", help="upload as a new run")
    parser.add_argument("--metrics-only", action="store_true", help="send rows, summary and config, and nothing else")
    parser.add_argument(
        "--follow-links",
        action="store_true",
        help="also send what links of a run lead to outside of its folder; --dry-run shows where that is",
    )
    parser.add_argument(
        "--follow-link",
        action="append",
        default=[],
        metavar="FILE",
        help="also send this file where a link of a run leads to it, hidden in a home folder or not; default: none",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="list what is there and what would be sent; send nothing"
    )
    parser.add_argument(
        "--window", action="store_true", help="show in the app's window what is there, and ask there before it is sent"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per run and line")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    paths = tuple(path_of(one) for one in args.paths)
    if args.window:
        return _in_window(paths)
    around = prepare()
    settings = around.settings
    request = SyncRequest(
        paths,
        args.server,
        args.entity,
        args.project,
        args.id,
        args.new,
        settings.entity,
        settings.project,
        args.metrics_only,
        follow_links=args.follow_links,
        named_links=tuple(str(path_of(one)) for one in args.follow_link),
    )
    _check(request)
    if args.dry_run:
        from runferry.cli.plan import show_plan

        return show_plan(around, request, choose_server(args.server, around.settings), args.json)
    choose_server(args.server, around.settings)
    last: dict[str, Any] = {}
    view = make_view(quiet=args.json)

    def progress(message: dict[str, Any]) -> bool:
        last.update(message)
        view.show(message)
        return True

    with view:
        code = carry_out(around, request, progress)
    runs = last.get("runs", [])
    if args.json:
        for one in runs:
            tell_json(as_json(one))
    print_results(runs, quiet=args.json)
    return code


def _in_window(paths: tuple[Path, ...]) -> int:
    """The sheet that a drop opens; where to and what is sent is chosen there."""
    from runferry.cli.app import open_window
    from runferry.cli.display import why_no_window

    missing = why_no_window()
    if missing:
        raise UsageError(
            "no-window", "No window can be shown", missing, "Leave --window out; --dry-run lists the same."
        )
    return open_window(paths)


def _check(request: SyncRequest) -> None:
    from runferry.engine.finding import find_folders

    check_name("project", request.project)
    check_name("team", request.entity)
    if request.run_id and request.is_new:
        raise UsageError("id-and-new", "Both --id and --new", "--new makes an id of its own.", "Leave one of them out.")
    if not request.run_id:
        return
    if re.search(r"[:;,#?/'\\\s]", request.run_id):
        raise UsageError(
            "bad-run-id",
            "That cannot be a run's id",
            f"--id {request.run_id!r} holds a space or one of : ; , # ? / '",
            "Use letters, digits, - and _.",
        )
    folders, _ = find_folders(request, "")
    if len(folders) > 1:
        raise UsageError(
            "one-id-many-runs",
            "One id for several runs",
            f"--id {request.run_id} was given, and {len(folders)} runs were found.",
            "Name one run, or leave --id out.",
        )


def carry_out(around: Surroundings, request: SyncRequest, progress: Progress) -> int:
    """Through the Runferry that owns the state folder, or as its owner for as long as this takes."""
    for _ in range(TRIES):
        if (client := running_owner(around)) is not None:
            code = _ask(client, request, progress)
            if code is not None:
                return code
        try:
            with owned_engine(around, "sync") as engine:
                return follow(engine, engine.sync(request), progress)
        except Occupied as error:
            occupied = error  # another one has just started: ask it
    raise occupied


def _ask(client: ControlClient, request: SyncRequest, progress: Progress) -> int | None:
    """The owner's answer; None when it ended before it gave one (a `runferry sync` that was done, say)."""
    try:
        with client:
            answer = client.request("sync", sync_arguments(request), on_progress=progress)
    except TemporaryError as error:
        if error.slug == "owner-gone":
            return None
        raise
    raise_told(answer)
    return answer.code


def as_json(run: dict[str, Any]) -> dict[str, Any]:
    """The fixed keys of one line of ``--json``."""
    names = (
        "path", "run_id", "entity", "project", "server", "url", "state", "run_state", "rows", "rows_sent", "events",
        "console_lines", "files", "artifacts", "artifacts_sent", "damage", "error",
    )  # fmt: skip
    return {name: run.get(name) for name in names}
