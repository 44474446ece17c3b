"""Uploads a run as a new one where its old way has come to an end: deleted on the server, or held differently there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.job import SyncRequest
from runferry.events import Event
from runferry.status import SyncState

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


def upload_as_new(engine: Engine, path: str, server: str, entity: str = "", project: str = "") -> None:
    """Send the run in this folder under a new id; the ways of it to this server that need a person are given up.

    server: its address. Nothing is given up where the new way cannot be begun: raises AppError.
    """
    stuck = [
        run
        for run in engine.run_at(path)
        if run.connection.server.url == server and run.status().state is SyncState.PROBLEM
    ]
    request = SyncRequest((Path(path),), server=server, entity=entity, project=project, is_new=True, by_hand=True)
    engine.remembered.sync(request)
    for run in stuck:
        engine.give_up(run)
    engine.bus.publish(Event("folder", path))  # something is not shown any more
