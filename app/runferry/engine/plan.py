"""What a sync would do, found out from the disk alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from runferry.engine.choice import Choice
from runferry.engine.contents import LinkedFile, contents, in_words
from runferry.engine.finding import find_folders, new_run_id, not_sent
from runferry.engine.job import SyncRequest
from runferry.engine.watched import follows_links
from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.formats.readers import extent
from runferry.paths import Home
from runferry.settings import Settings
from runferry.state.database import Database
from runferry.state.links import KnownLink, LinkTable
from runferry.status import RunStatus
from runferry.sync.destination import UNCATEGORIZED
from runferry.sync.links import RunLinks
from runferry.sync.source import Source
from runferry.sync.wishes import combine

log = logging.getLogger(__name__)

KnownLinks = Callable[[Path], Mapping[str, KnownLink]]


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
    links: list[LinkedFile]
    bytes: int
    gaps: int
    sends: list[str]


@contextmanager
def known_links(home: Home) -> Iterator[KnownLinks]:
    """What was decided about links before, as the state tells it; nothing where it cannot be read."""
    with ExitStack() as stack:
        known: KnownLinks = lambda folder: {}  # noqa: E731
        if home.database_file.exists():
            try:
                known = LinkTable(stack.enter_context(Database(home.database_file))).of
            except AppError as error:
                log.warning("what was decided about links is not known: %s", error)
        yield known


def plan(
    settings: Settings,
    request: SyncRequest,
    choice: Choice,
    environ: Mapping[str, str],
    known_links: KnownLinks = lambda folder: {},
) -> tuple[list[Planned], list[RunStatus]]:
    """The runs that would be synced, and what is named but is none. Reads every log to its end.

    known_links: those of a run folder that may be followed by what was decided before.
    """
    folders, rejected = find_folders(request, choice.server)
    planned = []
    for folder in folders:
        try:
            planned.append(_planned(settings, request, choice, folder, environ, known_links))
        except AppError as error:
            rejected.append(not_sent(folder.path, error, choice.server))
    return planned, rejected


def _planned(
    settings: Settings,
    request: SyncRequest,
    choice: Choice,
    folder: RunFolder,
    environ: Mapping[str, str],
    known_links: KnownLinks,
) -> Planned:
    source = Source.alone(folder.log)
    while not source.read().at_end:
        pass
    content = source.reader.content
    wishes = combine(request.wishes(settings, environ), folder.marker)
    if follows_links(folder.path, None, settings):
        wishes = replace(wishes, follow_links=True)
    sends = contents(source, wishes, RunLinks(folder, wishes, lambda: known_links(folder.path)))
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
        links=list(sends.links),
        bytes=extent(folder.log).size,
        gaps=len(content.gaps),
        sends=in_words(sends),
    )
