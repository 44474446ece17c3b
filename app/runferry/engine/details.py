"""Everything about one run, for its page: from the log on disk, and from the ledger where it was sent.

Reads the whole log once, on the caller's thread; rows are dropped as they come, so memory stays small. Sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runferry.counted import count_of
from runferry.engine.file_states import FileDetail, file_details
from runferry.engine.own_server import own_identity
from runferry.engine.recorded import server_address
from runferry.errors import PermanentError
from runferry.formats.console import ConsoleLine
from runferry.formats.damage import damage_report
from runferry.formats.detect import NotARun, RunFolder, RunKind, identify
from runferry.formats.liveness import Life, run_state
from runferry.formats.metadata import environment_value
from runferry.formats.readers import extent
from runferry.formats.summary import final_summary_value
from runferry.regular_files import read_below
from runferry.status import DamageReport, RunState, SyncState
from runferry.sync import made_files
from runferry.sync.links import RunLinks
from runferry.sync.run_sync import ENDED
from runferry.sync.source import Source

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

CONSOLE_LINES = 2000
_LARGEST_METADATA = 1 << 20


class Cancelled(Exception):
    """Whoever asked does not want to know any more."""


@dataclass(frozen=True)
class DeliveryDetail:
    """The run on one server. `verified_at`: seconds since the epoch, None if never; `verified`: what was compared."""

    server: str
    url: str
    entity: str
    project: str
    run_id: str
    state: SyncState
    rows_acknowledged: int
    verified_at: float | None = None
    verified: tuple[str, ...] = ()
    error: dict[str, str] | None = None


@dataclass(frozen=True)
class RunDetails:
    """One run. `bytes`: size of the log; `records`: how many of each type; `torn`: bytes of an unfinished last record.

    `console`: its last lines, colours as escape sequences in them; `console_lines`: how many there are. `metadata` is
    W&B's ``wandb-metadata.json`` (host, user, python, args, git …). `started`: seconds since the epoch. `unmeasured`:
    what cannot be measured of the computer that it is trained on, if that is this one, and why.
    """

    path: str
    log: str
    kind: RunKind
    run_id: str
    name: str
    entity: str
    project: str
    notes: str
    tags: tuple[str, ...]
    group: str
    job_type: str
    writer: str
    run_state: RunState
    exit_code: int | None
    started: float | None
    bytes: int
    changed: float
    rows: int
    events: int
    last_step: int | None
    records: dict[str, int]
    torn: int
    config: dict[str, Any]
    summary: dict[str, Any]
    metadata: dict[str, Any]
    console: tuple[ConsoleLine, ...]
    console_lines: int
    files: tuple[FileDetail, ...]
    artifacts: tuple[str, ...]
    damage: DamageReport | None
    deliveries: tuple[DeliveryDetail, ...]
    unmeasured: dict[str, str] = field(default_factory=dict)


def run_details(
    engine: Engine,
    path: Path | str,
    console_lines: int = CONSOLE_LINES,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> RunDetails:
    """Read a run (its folder or log) to its present end: some seconds for a very long one.

    Raises AppError where there is no run or it cannot be read, and Cancelled.
    """
    folder = identify(Path(path))
    if isinstance(folder, NotARun):
        raise PermanentError(f"not-a-run-{folder.slug}", "This is not a run", folder.reason, "Look for where it went.")
    source = Source(folder.log, engine.permit)
    _read(source, console_lines, is_cancelled)
    return _told(engine, folder, source, console_lines)


def _told(engine: Engine, folder: RunFolder, source: Source, console_lines: int) -> RunDetails:
    size, mtime_ns = extent(folder.log)
    content = source.reader.content
    run = content.run
    state = run_state(folder, content, Life(engine.clock.time(), mtime_ns / 1e9, engine.settings.quiet_after))
    config = content.config.value()
    config.pop("_wandb", None)
    return RunDetails(
        path=str(folder.path),
        log=str(folder.log),
        kind=folder.kind,
        run_id=run.run_id or folder.run_id,
        name=run.name,
        entity=run.entity,
        project=run.project,
        notes=run.notes,
        tags=run.tags,
        group=run.group,
        job_type=run.job_type,
        writer=content.writer,
        run_state=state,
        exit_code=content.exit_code,
        started=run.start_time or folder.started,
        bytes=size,
        changed=mtime_ns / 1e9,
        rows=content.rows,
        events=content.events,
        last_step=content.last_step,
        records=dict(sorted(content.counts.items())),
        torn=source.reader.torn,
        config=config,
        summary=final_summary_value(folder.log, content, source.reader.position),
        metadata=environment_value(content) or _metadata_file(folder.files_dir),
        console=tuple(source.console.lines())[-console_lines:] if console_lines else (),
        console_lines=source.console.line_count,
        files=_files(engine, folder, source, state in ENDED),
        artifacts=tuple(f"{one.type}: {one.name}" for one in source.extras.artifacts),
        damage=damage_report(content),
        deliveries=_deliveries(engine, folder),
        unmeasured=engine.host_metrics.unmeasured(folder.path),
    )


def _read(source: Source, console_lines: int, is_cancelled: Callable[[], bool]) -> None:
    """To the end; of the console only the lines that are shown are kept."""
    while True:
        part = source.read()
        console = source.console
        while console.take_changed():
            pass
        console.drop_before(max(console.line_count - console_lines, 0))
        if is_cancelled():
            raise Cancelled
        if part.at_end:
            return


def _files(engine: Engine, folder: RunFolder, source: Source, is_over: bool) -> tuple[FileDetail, ...]:
    wishes = next((one.wishes for one in engine.run_at(str(folder.path))), None) or engine.wishes_of(folder)
    links = RunLinks(folder, wishes, lambda: engine.ledger.links.of(folder.path))
    sent = {}
    for delivery, _ in engine.ledger.deliveries_of(folder.log):
        sent.update(engine.ledger.sent_files(delivery))
    made = dict.fromkeys(made_files.names(source, wishes), b"")
    return file_details(folder.files_dir, links, source.extras.files, sent, made, wishes, is_over)


def _deliveries(engine: Engine, folder: RunFolder) -> tuple[DeliveryDetail, ...]:
    """Newest first."""
    found, own = [], own_identity(engine.home.store)
    for delivery, target in reversed(engine.ledger.deliveries_of(folder.log)):
        state, counts = SyncState(delivery.state), delivery.counts
        found.append(
            DeliveryDetail(
                server=server_address(delivery, target, own),
                url=delivery.url,
                entity=target["entity"],
                project=target["project"],
                run_id=target["run_id"],
                state=state,
                rows_acknowledged=delivery.acknowledged["history"],
                verified_at=delivery.verified_at,
                verified=_verified(counts) if delivery.verified_at else (),
                error=delivery.error if state is not SyncState.VERIFIED else None,
            )
        )
    return tuple(found)


def _verified(counts: dict[str, Any]) -> tuple[str, ...]:
    """What was compared with the server's answers, in words."""
    said = [count_of(counts.get("rows", 0), "row"), "the last row", "the summary"]
    for name, word in (("events", "host sample"), ("console_lines", "console line"), ("files", "file")):
        if counts.get(name):
            said.append(count_of(counts[name], word))
    if counts.get("artifacts_sent"):
        said.append(count_of(counts["artifacts_sent"], "artifact"))
    return tuple(said)


def _metadata_file(files_dir: Path) -> dict[str, Any]:
    """wandb before 0.19 wrote the file itself."""
    try:
        found = json.loads(read_below(files_dir, "wandb-metadata.json", _LARGEST_METADATA))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
