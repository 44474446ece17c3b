"""What every command begins with: its folders, settings, log file, and who owns the state."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runferry import leaving, logs
from runferry.cli.output import say, warn
from runferry.control import Answer, ControlClient, ControlServer, Occupied, Owner
from runferry.engine.choice import Choice, choose
from runferry.engine.commands import handler
from runferry.engine.engine import Engine
from runferry.errors import AppError, PermanentError, UsageError
from runferry.formats.detect import is_there
from runferry.formats.interrupted import INTERRUPTED
from runferry.paths import Home, find_home
from runferry.servers import CLOUD
from runferry.settings import Settings

TRIES = 10
OWNER_PATIENCE = 30.0  # seconds in which the Runferry that runs says how it is
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """Folders and settings of this call."""

    home: Home
    settings: Settings


def prepare() -> Surroundings:
    """Find the folders, load the settings; what is wrong in them is said and does not stop the command."""
    _write_no_core()
    home = find_home()
    settings = Settings.load(home.settings_file, os.environ)
    for problem in settings.problems:
        warn(*problem.lines())
    return Surroundings(home, settings)


def _write_no_core() -> None:
    """Keys are in this process's memory: where it crashes, that memory is not written to the disk."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def choose_server(named: str, settings: Settings) -> Choice:
    """The server in force; printed first, so that nobody has to guess."""
    choice = choose(named, os.environ, settings)
    where = "this computer (the local server)" if choice.is_local else choice.server
    say(f"Server: {where}, by {choice.source}.")
    return choice


def choose_keyed_server(named: str, settings: Settings) -> Choice:
    """The server whose key is meant: as for a sync, but the cloud where nothing names one."""
    if not (named or os.environ.get("WANDB_BASE_URL") or settings.server):
        choice = replace(choose(CLOUD, os.environ, settings), source="the default of this command")
        say(f"Server: {choice.server}, by {choice.source}.")
        return choice
    return choose_server(named, settings)


@contextmanager
def owned_engine(around: Surroundings, kind: str) -> Iterator[Engine]:
    """The engine, with the state folder's lock held, reachable for other commands, its log file open.

    Raises Occupied when another process owns the state folder.
    """
    with Owner(around.home, kind):
        INTERRUPTED.keep_in(around.home.interrupted_file)
        written = logs.setup(around.home, around.settings.log_level)
        try:
            with Engine(around.home, around.settings) as engine:
                if engine.rebuilt is not None:
                    warn(*engine.rebuilt.lines())
                control = ControlServer(around.home, handler(engine, kind))
                control.start()
                try:
                    yield engine
                finally:
                    leaving.begin(lastly=engine.local_server.stop)
                    control.stop()
        except AppError:
            raise
        except Exception:  # a bug: it is shown, and should be found in the log too
            log.critical("uncaught exception", exc_info=True)
            raise
        finally:
            written.close()
            leaving.ended()


@contextmanager
def hosted(around: Surroundings) -> Iterator[None]:
    """An owner for several requests in a row: the one that runs, or this process."""
    if (client := running_owner(around)) is not None:
        client.close()
        yield
        return
    with owned_engine(around, "demo"):
        yield


def path_of(text: str) -> Path:
    """A path that a person typed: ``~`` is resolved where it can be, links are left."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:  # ~nobody
        return Path(text).absolute()


def run_of(text: str) -> str:
    """What a person typed for a run: a path as a whole one, an id or a name as it is."""
    path = str(path_of(text))
    return path if is_there(path) else text


def raise_told(answer: Answer) -> None:
    """The error that the Runferry that runs has told, with the exit code that it would have here."""
    if answer.error:
        kind = UsageError if answer.code == 2 else PermanentError
        raise kind(**{name: str(answer.error.get(name, "")) for name in ("slug", "title", "message", "todo", "cause")})


def running_owner(around: Surroundings) -> ControlClient | None:
    """A line to the Runferry that owns the state folder, or None."""
    try:
        return ControlClient.connect(around.home)
    except AppError as error:
        warn(*error.lines())
        return None


def tell_owner(around: Surroundings, command: str, told: dict[str, Any] | None = None, /, **arguments: object) -> bool:
    """Hand a command to the Runferry that runs; false where none does. Raises AppError. told: takes what it says."""
    client = running_owner(around)
    if client is None:
        return False
    with client:
        answer = client.request(command, arguments, on_progress=None if told is None else told.update)
    raise_told(answer)
    return True


__all__ = [
    "OWNER_PATIENCE",
    "TRIES",
    "Occupied",
    "Surroundings",
    "choose_keyed_server",
    "choose_server",
    "hosted",
    "owned_engine",
    "path_of",
    "prepare",
    "raise_told",
    "run_of",
    "running_owner",
    "tell_owner",
]
