"""Runs that were dropped on the window, or sent elsewhere from it: after a restart they are there again, and go on.

The watcher finds what lies in watched folders; of all others only this knows. A run whose folder is gone is forgotten.
What `runferry sync` sends is not remembered: whoever interrupts it does not want it to go on by itself.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Set
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.job import SyncJob, SyncRequest
from runferry.engine.settled import Key
from runferry.errors import AppError, UsageError
from runferry.events import Event
from runferry.formats.detect import RunFolder, identify
from runferry.state.asked import Asked, AskedTable

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

log = logging.getLogger(__name__)


def _is_gone(path: Path) -> bool:
    """Whether somebody removed it; a disk that is not mounted now takes the folders above with it."""
    try:
        return not _is_there(path) and any(
            _folder_of(path).parent.iterdir()
        )  # where a disk is to be mounted, nothing lies
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    """Also where nobody may look, or a file server does not answer."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _folder_of(asked: Path) -> Path:
    """The run folder of something that was asked for: itself, or what its log lies in."""
    return asked.parent if asked.suffix == ".wandb" else asked


class Remembered:
    """Of one engine. Any thread may call."""

    def __init__(self, engine: Engine, table: AskedTable) -> None:
        self._engine, self._table = engine, table
        self._ways: dict[str, set[Key]] = {}  # by log: those that somebody asked for

    def __contains__(self, key: object) -> bool:
        """Whether a run goes this way because somebody asked for it."""
        return isinstance(key, Key) and key in self.ways(key.log)

    def ways(self, log_path: str) -> Set[Key]:
        """The ways that somebody asked for, of a log."""
        return self._ways.get(log_path, frozenset())

    def sync(self, request: SyncRequest) -> SyncJob:
        """Start syncing what the request names, and know of it after a restart, too; nobody waits for it.

        Raises AppError when the server cannot be used at all.
        """
        job = self._engine.sync(request)
        try:
            self.keep(request, job)
        except AppError as error:  # they are sent all the same; only a restart would not know of them
            log.warning("what was asked for will not be known after a restart: %s", error)
        self._engine.finish(job)
        return job

    def keep(self, request: SyncRequest, job: SyncJob) -> None:
        """Remember what was asked for. Raises AppError when the state cannot be written."""
        name_of = self._engine.connections.name_of
        runs = [(run.folder, run.destination, name_of(run.connection)) for run in job.runs]
        self._know(Key.of(run.log, run.connection, run.destination) for run in job.runs)
        self._table.put(
            [
                Asked(
                    str(folder.log if folder.log.suffix == ".wandb" else folder.path),
                    server,
                    to.entity,
                    to.project,
                    to.run_id,
                    to.default_entity,
                    to.default_project,
                    request.metrics_only,
                    request.follow_links,
                )
                for folder, to, server in runs
            ]
        )

    def take_off(self, paths: Iterable[str]) -> None:
        """Show these run folders no longer, now and after a restart; nothing is deleted, here or on a server.

        What is still on its way stays where it is, and nothing more of it is sent. Raises UsageError for runs of
        watched folders, once the others are off, and AppError when the state cannot be written.
        """
        engine, watched = self._engine, []
        asked: dict[str, set[str]] = {}  # by run folder
        for one in self._table.all():
            named = _folder_of(Path(one.path))
            for folder in (str(named), os.path.realpath(named)):
                asked.setdefault(folder, set()).add(one.path)
        for path in paths:
            if engine.watching.wanted.holding(Path(path)) is not None:
                watched.append(path)
                continue
            for dropped in asked.get(path, ()):
                self._table.drop(dropped)
            engine.settled.forget_folder(Path(path))
            for log_path in [one for one in self._ways if os.path.dirname(one) in (path, os.path.realpath(path))]:  # noqa: PTH120
                del self._ways[log_path]
            for run in engine.run_at(path):
                engine.give_up(run)
            engine.bus.publish(Event("run", path))
        if watched:
            raise UsageError(
                "run-is-watched",
                "A run of a watched folder stays on the list",
                f"{watched[0]} lies in a folder that is watched, and would be found again at once.",
                "Leave it out by a pattern in Settings › Folders, or move the run's folder elsewhere.",
            )

    def begin(self) -> None:
        """Show them again and go on with what is not done. Never raises for one of them."""
        for one in self._table.all():
            try:
                self._again(one)
            except (AppError, OSError) as error:
                # No key for that server any more, say: it is tried again at the next start.
                log.warning("a run that was added before is not shown: %s: %s", one.path, error)

    def _again(self, one: Asked) -> None:
        folder = identify(Path(one.path))
        if not isinstance(folder, RunFolder):
            if _is_gone(Path(one.path)):
                self._table.drop(one.path)
            return
        request = SyncRequest(
            (Path(one.path),),
            one.server,
            one.entity,
            one.project,
            one.run_id,
            default_entity=one.default_entity,
            default_project=one.default_project,
            metrics_only=one.metrics_only,
            by_hand=True,
            follow_links=one.follow_links,
        )
        self._know([self._engine.take_up(folder, request)])
        self._engine.bus.publish(Event("run", str(folder.path)))

    def _know(self, keys: Iterable[Key]) -> None:
        """Settled runs are known without the links that a path may have."""
        for key in keys:
            for one in (key, key._replace(log=os.path.realpath(key.log))):
                self._ways[one.log] = {*self.ways(one.log), one}
