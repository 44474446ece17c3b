"""`runferry watch`: the app without a window."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from runferry.cli.home import (
    Occupied,
    Surroundings,
    choose_server,
    owned_engine,
    path_of,
    prepare,
    raise_told,
    running_owner,
)
from runferry.cli.output import say, warn
from runferry.cli.progress import LineView, print_results
from runferry.cli.taking_over import LOOK, PATIENCE, running_owner_there, until
from runferry.control import find_owner
from runferry.engine.choice import Choice, choose
from runferry.engine.collecting import Collecting
from runferry.engine.commands import follow
from runferry.engine.engine import Engine
from runferry.engine.guests import WATCH_FOR_ME, as_arguments
from runferry.engine.narration import Narrator
from runferry.engine.watched import WatchedFolder, watched_folder
from runferry.errors import PermanentError, TemporaryError, UsageError
from runferry.events import Event

EXAMPLES = (
    "runferry watch",
    "runferry watch ~/experiments/wandb --server local",
    "runferry watch --once --quiet /scratch/runs   # for cron",
    "runferry watch --collect ~/experiments/wandb",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("folders", metavar="DIR", nargs="*", help="folders to watch; default: $WANDB_DIR, else here")
    parser.add_argument(
        "--server", default="", metavar="URL|local|cloud", help="where to; default: each folder's, else yours"
    )
    parser.add_argument("--once", action="store_true", help="what is there now, then exit")
    parser.add_argument(
        "--collect",
        action="store_true",
        help="measure this computer for the runs in DIR and write that beside their logs; send nothing",
    )


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    if args.collect:
        return _collect(args, around)
    folders = _folders(args, around)
    return _once(around, folders) if args.once else watch(around, folders)


def watch(around: Surroundings, folders: list[WatchedFolder]) -> int:
    """Watch until interrupted; while a window runs, it watches for us and hands back when it ends."""
    owner = find_owner(around.home)
    if owner is not None and owner.kind != "app":
        raise PermanentError(
            "already-running",
            "Runferry is already running",
            "One at a time works with a state folder; `runferry status` shows what that one watches.",
            "To send a folder now: `runferry sync DIR`. To watch others: end that one first.",
        )
    try:
        while True:
            if find_owner(around.home) is None and not _own(around, folders):
                return 0
            _be_guest(around, folders)
    except KeyboardInterrupt:
        say("Ending; what was delivered is recorded.")
    return 0


def _own(around: Surroundings, folders: list[WatchedFolder]) -> bool:
    """Watch as the owner of the state; whether it was handed over to a window (or another was quicker)."""
    ending, handed = threading.Event(), threading.Event()

    def heard(event: Event) -> None:
        if event.kind == "hand-over":
            handed.set()
        if event.kind in ("quit", "hand-over"):
            ending.set()

    try:
        with owned_engine(around, "watch") as engine:
            unsubscribe = engine.bus.subscribe(heard)
            _announce_servers(engine, folders)
            engine.watching.start(folders)
            for one in folders:
                say(f"Watching {one.path}")
            for server in engine.pauses.of_servers():
                say(f"Paused: {server or 'all servers'}. `runferry try-now` ends it.")
            _explain(folders[0].path)
            Narrator(engine, _narrate).run(ending)
            unsubscribe()
    except Occupied:
        return True
    return handed.is_set()


def _narrate(line: str) -> None:
    """Problems are said in any case."""
    warn(line) if line.startswith("!") else say(line)


def _narrated(told: dict[str, Any]) -> None:
    """By another Runferry."""
    _narrate(str(told["say"]))


def _be_guest(around: Surroundings, folders: list[WatchedFolder]) -> None:
    """Have the window watch, and tell what it says, until it ends; then the state is free again."""
    deadline = time.monotonic() + PATIENCE
    while (client := running_owner(around)) is None:
        if find_owner(around.home) is None and time.monotonic() > deadline:
            return  # whoever wanted to take over did not come
        threading.Event().wait(LOOK)
    say("Runferry's window watches these folders now; they come back here when it ends.")
    try:
        with client:
            answer = client.request(WATCH_FOR_ME, as_arguments(folders), on_progress=_narrated)
        raise_told(answer)
    except TemporaryError as error:
        if error.slug != "owner-gone":
            raise
    until(lambda: find_owner(around.home) is None or running_owner_there(around), "window-stays")


def _collect(args: argparse.Namespace, around: Surroundings) -> int:
    """For computers without a network. Needs no state, no server and no lock: any number may run."""
    if args.once or args.server:
        raise UsageError(
            "collect-alone",
            "--collect goes with folders only",
            "It measures until it is ended, and sends nothing.",
            "Leave out --once and --server; send the runs later with `runferry sync`.",
        )
    folders = [_directory(one) for one in args.folders or [os.environ.get("WANDB_DIR") or "."]]
    collecting = Collecting(folders, around.settings)
    for one in folders:
        say(f"Measuring for the runs in {one}; what is measured is written beside their logs.")
    collecting.start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("Ending.")
    finally:
        collecting.stop()
    return 0


def _explain(folder: Path) -> None:
    """How a training gets here, for somebody who sees this for the first time."""
    python = "python" if Path(sys.executable).name.startswith("runferry") else sys.executable
    where = folder.parent if folder.name == "wandb" else folder  # the recorder makes `wandb` below what it is given
    say("To record a run into it, with `import runferry` in train.py (or wandb offline):")
    say(f"  WANDB_DIR={shlex.quote(str(where))} {python} train.py")
    say("Press Ctrl+C to end. Training goes on without this.")


def _announce_servers(engine: Engine, folders: list[WatchedFolder]) -> None:
    """Make the connections before anything is watched: a missing key is told now, and the local server started."""
    for choice in dict.fromkeys(one.choice for one in folders):
        connection = engine.connections.get(choice, os.environ)
        if choice.is_local:
            say(f"The local server answers at {connection.server.url}")


def _once(around: Surroundings, folders: list[WatchedFolder]) -> int:
    last: dict[str, Any] = {}
    view = LineView()

    def progress(message: dict[str, Any]) -> bool:
        last.update(message)
        view.show(message)
        return True

    with owned_engine(around, "watch --once") as engine:
        job = engine.watching.once(folders)
        code = follow(engine, job, progress, live_counts=True)
        print_results([*last.get("runs", []), *(asdict(one) for one in engine.watching.held())], quiet=False)
    return code


def _folders(args: argparse.Namespace, around: Surroundings) -> list[WatchedFolder]:
    """The folders named, else those set, else $WANDB_DIR or the current one; printed, as is the server."""
    if args.folders:
        choice = choose_server(args.server, around.settings)
        return [WatchedFolder(_directory(one), choice) for one in args.folders]
    if around.settings.folders:
        return [
            replace(
                watched_folder(one, around.settings, os.environ),
                choice=_choice(args.server, one.server, around),
                error=None,
            )
            for one in around.settings.folders
        ]
    choice = choose_server(args.server, around.settings)
    return [WatchedFolder(_directory(os.environ.get("WANDB_DIR") or "."), choice)]


def _choice(named: str, folder_server: str, around: Surroundings) -> Choice:
    return choose(named, os.environ, around.settings, folder_server)


def _directory(text: str) -> Path:
    path = path_of(text)
    if not path.is_dir():
        raise UsageError(
            "no-folder", "No such folder", f"{path} is not a folder.", "Make it first, or name another one."
        )
    return path
