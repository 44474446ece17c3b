"""What fronts are shown of an engine: snapshots, and what needs a person. The part of the engine that is about it.

Any thread may call; nothing here waits for the network.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from runferry.clock import Clock
from runferry.engine import problems
from runferry.engine.connections import Connections
from runferry.engine.run_news import RunNews
from runferry.engine.watching import Watching
from runferry.settings import Settings
from runferry.status import Problem, RunStatus, Snapshot
from runferry.sync.run_sync import RunSync
from runferry.version import __version__

if TYPE_CHECKING:
    from runferry.engine.engine import Key


class Views:
    """What it needs of the engine is named here; `Engine` makes it."""

    clock: Clock
    settings: Settings
    connections: Connections
    watching: Watching
    news: RunNews
    _lock: threading.Lock
    _runs: Mapping[Key, RunSync]

    def statuses(self, paths: Set[str]) -> tuple[RunStatus, ...]:
        """The runs in these folders at this moment."""
        with self._lock:
            runs = [run for run in self._runs.values() if str(run.folder.path) in paths]
        held = [one for one in self.watching.held() if one.path in paths]
        return (*(run.status() for run in runs), *held)

    def snapshot(self) -> Snapshot:
        """Everything at this moment."""
        with self._lock:
            runs = list(self._runs.values())
        statuses = [run.status() for run in runs]
        return replace(self.overview(), runs=(*statuses, *self.watching.held()))

    def overview(self) -> Snapshot:
        """Servers and folders, without the runs: cheap, however many there are."""
        with self._lock:
            runs = list(self._runs.values())
        waiting = [run for run in runs if not run.at_rest]
        backlog = [(run.connection, *run.backlog()) for run in waiting]
        servers = [
            one.status(
                runs_waiting=sum(1 for run in waiting if run.connection is one),
                rows_waiting=sum(rows for at, rows, _ in backlog if at is one),
                files_waiting=sum(files for at, _, files in backlog if at is one),
            )
            for one in self.connections.all()
        ]
        folders = tuple(self.watching.folders())
        needs = [
            *problems.problems_of_settings(self.settings.problems),
            *problems.problems_of_servers(servers),
            *problems.problems_of_folders(folders),
            *problems.problems_of_held(self.watching.held(), servers),
            *self.news.problems(),
        ]
        return Snapshot(
            version=__version__,
            pid=os.getpid(),
            time=self.clock.time(),
            servers=tuple(servers),
            folders=folders,
            problems=tuple(needs),
        )

    def problems(self) -> tuple[Problem, ...]:
        """What needs a person."""
        return self.overview().problems
