"""Hands what was decided to the engine, off the window's thread; gives back how each run stands."""

from __future__ import annotations

from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.errors import AppError
from runferry.status import RunState, RunStatus, SyncState


def begin(engine: Engine, wanted: list[SyncRequest]) -> list[RunStatus]:
    """Start all of them. Where a server cannot be used at all, its runs come back with the reason."""
    statuses: list[RunStatus] = []
    for request in wanted:
        try:
            statuses += engine.remembered.sync(request).statuses()
        except AppError as error:
            statuses += [_failed(str(path), request, error) for path in request.paths]
    return [one if one.key else _with_key(one) for one in statuses]


def _failed(path: str, request: SyncRequest, error: AppError) -> RunStatus:
    return RunStatus(
        path=path,
        run_id="",
        entity=request.entity,
        project=request.project,
        name=path.rstrip("/").rpartition("/")[2].removesuffix(".wandb"),
        server=request.server,
        url="",
        state=SyncState.PROBLEM,
        run_state=RunState.UNKNOWN,
        error=error.as_dict(),
        key=f"not sent:{path}",
    )


def _with_key(status: RunStatus) -> RunStatus:
    from dataclasses import replace

    return replace(status, key=f"not sent:{status.path}")
