"""What a sync would do, found out from the disk alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runferry.engine.choice import Choice
from runferry.engine.contents import contents, in_words
from runferry.engine.finding import find_folders, new_run_id
from runferry.engine.job import SyncRequest
from runferry.formats.detect import RunFolder
from runferry.formats.readers import extent
from runferry.settings import Settings
from runferry.status import RunStatus
from runferry.sync.destination import UNCATEGORIZED
from runferry.sync.source import Source
from runferry.sync.wishes import combine


@dataclass(frozen=True)
class Planned:
    """One run. `sends`: kinds of data that would leave this computer, in words; `bytes`: size of the log."""

    path: str
    kind: str
    writer: str
    name: str
    run_id: str
    entity: str
    project: str
    server: str
    rows: int
    events: int
    console_writes: int
    files: list[str]
    bytes: int
    gaps: int
    sends: list[str]


def plan(
    settings: Settings, request: SyncRequest, choice: Choice, environ: Mapping[str, str]
) -> tuple[list[Planned], list[RunStatus]]:
    """The runs that would be synced, and what is named but is none. Reads every log to its end."""
    folders, rejected = find_folders(request, choice.server)
    return [_planned(settings, request, choice, folder, environ) for folder in folders], rejected


def _planned(
    settings: Settings, request: SyncRequest, choice: Choice, folder: RunFolder, environ: Mapping[str, str]
) -> Planned:
    source = Source.alone(folder.log)
    while not source.read().at_end:
        pass
    content = source.reader.content
    wishes = combine(request.wishes(settings, environ), folder.marker)
    sends = contents(source, wishes)
    run_id = new_run_id() if request.is_new else request.run_id
    return Planned(
        path=str(folder.path),
        kind=folder.kind.value,
        writer=content.writer,
        name=content.run.name,
        run_id=run_id or content.run.run_id or folder.run_id,
        entity=request.entity or content.run.entity or request.default_entity,
        project=request.project or content.run.project or request.default_project or UNCATEGORIZED,
        server=choice.server,
        rows=content.rows,
        events=content.events,
        console_writes=content.console_chunks,
        files=list(sends.files),
        bytes=extent(folder.log).size,
        gaps=len(content.gaps),
        sends=in_words(sends),
    )
