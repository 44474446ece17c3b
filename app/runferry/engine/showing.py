"""What the engine shows of itself: everything, everything but the runs, or some runs. Reads, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from runferry.at_work import AT_WORK
from runferry.engine import problems
from runferry.engine.own_server import own_addresses
from runferry.engine.settled import log_in
from runferry.status import RunStatus, ServerStatus, Snapshot
from runferry.version import __version__

if TYPE_CHECKING:
    from runferry.engine.engine import Engine
    from runferry.sync.run_sync import RunSync


def statuses(engine: Engine, runs: Sequence[RunSync], paths: Set[str]) -> tuple[RunStatus, ...]:
    """The runs in these folders at this moment."""
    here = [run.status() for run in runs if str(run.folder.path) in paths]
    settled = [one.status for path in paths for one in engine.settled.of(log_in(path))]
    return _shown(here, settled, [one for one in engine.watching.held() if one.path in paths])


def snapshot(engine: Engine, runs: Sequence[RunSync]) -> Snapshot:
    """Everything at this moment."""
    everything = _shown([run.status() for run in runs], engine.settled.statuses(), engine.watching.held())
    return replace(overview(engine, runs), runs=everything)


def _shown(
    under_way: Sequence[RunStatus], settled: Sequence[RunStatus], held: Sequence[RunStatus]
) -> tuple[RunStatus, ...]:
    """Each once: a run may settle between two looks, and one that was held back may be on its way by now."""
    found = {one.key: one for one in (*under_way, *settled)}
    known = {one.path for one in found.values()} if held else set()
    return (*found.values(), *(one for one in held if one.error or one.path not in known))


def overview(engine: Engine, runs: Sequence[RunSync]) -> Snapshot:
    """Servers, folders and problems, without the runs: cheap, however many there are."""
    servers = _servers(engine, [run for run in runs if not run.at_rest])
    folders = tuple(engine.watching.folders())
    return Snapshot(
        version=__version__,
        pid=os.getpid(),
        time=engine.clock.time(),
        servers=servers,
        folders=folders,
        problems=(
            *problems.problems_of_settings(engine.settings.problems),
            *problems.problems_of_servers(servers),
            *problems.problems_of_folders(folders),
            *problems.problems_of_held(engine.watching.held(), servers),
            *engine.news.problems(),
            *problems.problems_of_parts(list(engine.faults.values())),
            *problems.problems_of_stuck(AT_WORK.stuck()),
        ),
        measured=engine.host_metrics.measured(),
        is_paused=engine.pauses.is_everything,
        paused_until=engine.pauses.until,
        own_servers=own_addresses(engine),
    )


def _servers(engine: Engine, waiting: Sequence[RunSync]) -> tuple[ServerStatus, ...]:
    backlog = [(run.connection, *run.backlog()) for run in waiting]
    return tuple(
        one.status(
            runs_waiting=sum(1 for run in waiting if run.connection is one),
            rows_waiting=sum(rows for at, rows, _ in backlog if at is one),
            files_waiting=sum(files for at, _, files in backlog if at is one),
        )
        for one in engine.connections.all()
    )
