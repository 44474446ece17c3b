"""What a sync would do, found out from the disk alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from runferry.engine.choice import Choice
from runferry.engine.finding import find_folders, new_run_id
from runferry.engine.job import SyncRequest
from runferry.formats.detect import RunFolder
from runferry.formats.readers import extent
from runferry.settings import Settings
from runferry.status import RunStatus
from runferry.sync import made_files
from runferry.sync.destination import UNCATEGORIZED
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes, app_wishes, combine


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
    asked = app_wishes(settings, environ)
    wishes = combine(replace(asked, metrics_only=asked.metrics_only or request.metrics_only), folder.marker)
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
        files=_files(source, wishes),
        bytes=extent(folder.log).size,
        gaps=len(content.gaps),
        sends=what_is_sent(source, wishes),
    )


def _all_files(source: Source, wishes: Wishes) -> list[str]:
    """Files that the log names, and those that are made from it at the end."""
    return sorted({*source.extras.files, *made_files.make(source, wishes, "{}")})


def _files(source: Source, wishes: Wishes) -> list[str]:
    return [name for name in _all_files(source, wishes) if wishes.may_send_file(name)]


def what_is_sent(source: Source, wishes: Wishes) -> list[str]:
    """Kinds of data that would leave this computer, in words, of a log that was read to its end."""
    content = source.reader.content
    sends = ["config", "summary", f"{content.rows} rows"]
    if wishes.metrics_only:
        return [*sends, "nothing else (metrics only)"]
    if content.events:
        sends.append("system metrics")
    if wishes.console and content.console_chunks:
        sends.append("console output")
    files = _files(source, wishes)
    kept = len(_all_files(source, wishes)) - len(files)
    if files:
        sends.append(f"{len(files)} files ({', '.join(files[:10])}{' …' if len(files) > 10 else ''})")
    if source.extras.artifacts:
        sends.append(f"{len(source.extras.artifacts)} artifacts")
    if kept:
        sends.append(f"{kept} files stay here (ignore globs)")
    environment = content.environment
    known = {"host name": environment.host or content.run.host, "user name": environment.username}
    sends += [what for what, value in known.items() if value]
    if environment.args:
        sends.append("arguments: " + " ".join(environment.args)[:200])
    if environment.git.commit:
        sends.append("git commit and remote")
    if any(name.startswith("code/") or name.endswith(".patch") for name in files):
        sends.append("code")
    return sends
