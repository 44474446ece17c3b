"""What is shown of a run: counted while its log is open, kept (also in the ledger) when it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runferry.errors import AppError
from runferry.formats.damage import damage_report
from runferry.formats.detect import RunFolder
from runferry.formats.readers import Extent, extent
from runferry.status import DamageReport, RunState, RunStatus, SyncState
from runferry.sync.destination import Destination
from runferry.sync.source import Source

if TYPE_CHECKING:
    from runferry.sync.outlet import Outlet


def count(source: Source, outlet: Outlet | None, run_state: RunState) -> dict[str, Any]:
    """Everything that `status_of` needs, as JSON can hold it."""
    content = source.reader.content
    damage = damage_report(content)
    run, url = content.run, ""
    entity, project, run_id, acknowledged, rows_sent, files = run.entity, run.project, run.run_id, 0, 0, 0
    artifacts_sent = files_waiting = 0
    if outlet is not None:
        entity, project, run_id, url = outlet.run.entity, outlet.run.project, outlet.run.run_id, outlet.url
        acknowledged, rows_sent, files = outlet.acknowledged["history"], outlet.rows_sent, len(outlet.files)
        artifacts_sent, files_waiting = outlet.artifacts_sent, outlet.files_waiting
    return {
        "run_id": run_id,
        "entity": entity,
        "project": project,
        "url": url,
        "name": run.name,
        "rows": content.rows,
        "rows_acknowledged": min(acknowledged, content.rows),  # more were sent of a longer copy
        "rows_sent": rows_sent,
        "events": content.events,
        "console_lines": source.console.line_count,
        "files": files,
        "files_waiting": files_waiting,
        "artifacts": len(source.extras.artifacts),
        "artifacts_sent": artifacts_sent,
        "bytes_read": source.reader.position,
        "last_step": content.last_step,
        "metric": outlet.metric if outlet is not None else "",
        "started": run.start_time,
        "writer": content.writer,
        "run_state": run_state.value,
        "damage": asdict(damage) if damage else None,
        "stop_requested": outlet is not None and outlet.stop_requested is True,
    }


def backlog_of(source: Source | None, outlet: Outlet | None) -> tuple[int, int]:
    """Rows and files that are known to wait; nothing is known of a log that was not opened yet."""
    if source is None or outlet is None:
        return 0, 0
    return max(source.reader.content.rows - outlet.acknowledged["history"], 0), outlet.files_waiting


def status_of(
    folder: RunFolder,
    destination: Destination,
    server: str,
    state: SyncState,
    run_state: RunState,
    counts: dict[str, Any],
    error: AppError | None,
) -> RunStatus:
    """The status by the counts; before there are any, by what the folder's name tells."""
    try:
        seen = extent(folder.log)
    except OSError:
        seen = Extent(0, 0)
    return status_by(str(folder.path), folder.run_id, destination, server, state, run_state, counts, seen, error)


def status_by(
    path: str,
    run_id: str,
    destination: Destination,
    server: str,
    state: SyncState,
    run_state: RunState,
    counts: Mapping[str, Any],
    seen: Extent,
    error: AppError | None = None,
) -> RunStatus:
    """The status by the counts, without a look at the disk; `path` and `run_id`: of the run's folder, `seen`: its log's
    size and age."""
    return RunStatus(
        path=path,
        key="\n".join((path, server, destination.entity, destination.project, destination.run_id)),
        run_id=counts.get("run_id") or destination.run_id or run_id,
        entity=counts.get("entity") or destination.entity,
        project=counts.get("project") or destination.project,
        name=counts.get("name", ""),
        server=server,
        url=counts.get("url", ""),
        state=state,
        run_state=run_state,
        rows=counts.get("rows", 0),
        rows_acknowledged=counts.get("rows_acknowledged", 0),
        rows_sent=counts.get("rows_sent", 0),
        events=counts.get("events", 0),
        console_lines=counts.get("console_lines", 0),
        files=counts.get("files", 0),
        files_waiting=counts.get("files_waiting", 0),
        artifacts=counts.get("artifacts", 0),
        artifacts_sent=counts.get("artifacts_sent", 0),
        bytes_read=counts.get("bytes_read", 0),
        bytes_total=seen.size,
        changed=seen.mtime_ns / 1e9 or None,
        last_step=counts.get("last_step"),
        metric=counts.get("metric", ""),
        started=counts.get("started"),
        writer=counts.get("writer", ""),
        damage=damage_of(counts.get("damage")),
        error=error.as_dict() if error and state is not SyncState.VERIFIED else None,
        stop_requested=bool(counts.get("stop_requested")),
    )


def shown(state: SyncState, run_state: RunState) -> SyncState:
    """The state of a run whose server is paused: nothing of it goes on."""
    is_live = run_state in (RunState.RUNNING, RunState.QUIET, RunState.UNKNOWN)
    goes_on = state in (SyncState.WAITING, SyncState.SYNCING, SyncState.RETRYING)
    return SyncState.PAUSED if goes_on or (is_live and state is SyncState.SENT) else state


def damage_of(kept: dict[str, Any] | None) -> DamageReport | None:
    """The report as it was kept."""
    return DamageReport(kept["gaps"], kept["bytes"], kept["rows"], tuple(kept["details"])) if kept else None
