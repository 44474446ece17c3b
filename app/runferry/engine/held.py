"""A run of a watched folder that waits until somebody asks, or that cannot be sent: what is shown of it.

Looked at once, when it is found: the run's name from the front of its log, and what the ledger knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from runferry.engine.recorded import recorded_status
from runferry.engine.watched import WatchedFolder
from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.formats.readers import Extent, extent, front
from runferry.servers import normalise_url
from runferry.state.ledger import Ledger
from runferry.status import RunState, RunStatus, SyncState


@dataclass(frozen=True)
class Held:
    """One run. `seen`: how large its log was, and when it changed."""

    folder: RunFolder
    watched: WatchedFolder
    why: str
    seen: Extent
    status: RunStatus
    error: AppError | None = None


def hold(folder: RunFolder, watched: WatchedFolder, why: str, ledger: Ledger, error: AppError | None = None) -> Held:
    """Note a run. Never raises for its content."""
    try:
        seen = extent(folder.log)
    except OSError:
        seen = Extent(0, 0)
    return Held(folder, watched, why, seen, _status(folder, watched, why, seen, ledger, error), error)


def was_asked_for(folder: RunFolder, watched: WatchedFolder, ledger: Ledger) -> bool:
    """Whether its way to where this folder's runs go was begun, and did not end: it goes on by itself.

    Where somebody sent it elsewhere, under another project or id, that says nothing about this folder.
    """
    begun = [(one, target) for one, target in ledger.deliveries_of(folder.log) if one.state != SyncState.VERIFIED.value]
    if not begun:
        return False
    run = front(folder.log).run
    entity, project = watched.entity or run.entity, watched.project or run.project
    return any(
        entity in ("", target["entity"])
        and project in ("", target["project"])
        and target["run_id"] == (run.run_id or folder.run_id)
        and _is_server(target["server"], watched)
        for _, target in begun
    )


def _is_server(identity: str, watched: WatchedFolder) -> bool:
    if watched.choice.is_local:
        return identity.startswith("runferry:")
    try:
        return identity == normalise_url(watched.choice.server)
    except AppError:
        return False


def _status(
    folder: RunFolder, watched: WatchedFolder, why: str, seen: Extent, ledger: Ledger, error: AppError | None
) -> RunStatus:
    known = ledger.deliveries_of(folder.log)
    if known and error is None:
        status = recorded_status(*known[-1])
        held = "" if status.state is SyncState.VERIFIED else why
        return replace(status, path=str(folder.path), key=str(folder.path), held=held, bytes_total=seen.size)
    content = front(folder.log)
    run = content.run
    return RunStatus(
        path=str(folder.path),
        key=str(folder.path),
        run_id=run.run_id or folder.run_id,
        entity=watched.entity or run.entity,
        project=watched.project or run.project,
        name=run.name,
        server=watched.choice.server,
        url="",
        state=SyncState.PROBLEM if error else SyncState.WAITING,
        run_state=RunState.UNKNOWN,
        bytes_total=seen.size,
        started=run.start_time or folder.started,
        writer=content.writer,
        held=why,
        error=error.as_dict() if error else None,
    )
