"""What lies at paths that somebody dropped: each run with where it was sent before and what would be sent, bit by bit.

Reads logs on the caller's thread, a part at a time, and never while a sync decodes. Sends nothing, writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.audit import choice_of
from runferry.engine.contents import Contents, contents
from runferry.engine.finding import look_for
from runferry.engine.own_server import own_identity
from runferry.engine.recorded import server_address
from runferry.errors import AppError
from runferry.formats.damage import damage_report
from runferry.formats.detect import NotARun, RunFolder
from runferry.formats.liveness import Life, run_state
from runferry.formats.readers import extent
from runferry.status import DamageReport, RunState, SyncState
from runferry.sync.links import RunLinks
from runferry.sync.source import Source

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


@dataclass(frozen=True)
class SentBefore:
    """The run on one server. `server`: ``local`` or a URL; `address`: for people. `is_whole`: verified, and nothing
    came since; `verified_at`: seconds since the epoch; `files`: how many of them went along."""

    server: str
    address: str
    entity: str
    project: str
    run_id: str
    url: str
    verified_at: float | None
    is_whole: bool
    files: int = 0


@dataclass(frozen=True)
class Found:
    """A run. `is_complete`: its log was read to the end; until then counts are what was seen so far.

    `kind`: a `RunKind`'s value; `bytes`: size of the log; `expected`: rows that there once were, where some are lost;
    `entity`, `project`: what the log says, may be empty; `sent`: newest first.
    """

    path: str
    log: str
    kind: str
    run_id: str
    name: str = ""
    writer: str = ""
    rows: int = 0
    expected: int | None = None
    bytes: int = 0
    entity: str = ""
    project: str = ""
    started: float | None = None
    run_state: RunState = RunState.UNKNOWN
    damage: DamageReport | None = None
    sent: tuple[SentBefore, ...] = ()
    contents: Contents = field(default_factory=Contents)
    is_complete: bool = False


@dataclass(frozen=True)
class NoRun:
    """Something that is no run, and why. `slug` as in `formats.detect.NotARun`."""

    path: str
    slug: str
    why: str


def look_at(engine: Engine, paths: Iterable[Path]) -> Iterator[Found | NoRun | None]:
    """What is there. None comes often and means: still looking, this is a good moment to stop.

    A long log comes twice: as soon as it was found, and again when it was read to its end.
    """
    seen: set[Path] = set()
    later: list[tuple[RunFolder, Source]] = []
    for path in paths:
        for one in look_for(path, frozenset((engine.home.store,))):
            if isinstance(one, NotARun):
                yield NoRun(str(one.path), one.slug, one.reason)
            elif one is None or (log := one.log.resolve()) in seen:
                yield None
            else:
                seen.add(log)
                yield from _first_look(engine, one, later)
    for folder, source in later:
        yield from _to_the_end(engine, folder, source)


def _first_look(
    engine: Engine, folder: RunFolder, later: list[tuple[RunFolder, Source]]
) -> Iterator[Found | NoRun | None]:
    source = Source(folder.log, engine.permit)
    try:
        at_end = source.read().at_end
        yield _found(engine, folder, source, at_end)
    except (AppError, OSError) as error:
        yield _unreadable(folder, error)
        return
    if not at_end:
        later.append((folder, source))


def _to_the_end(engine: Engine, folder: RunFolder, source: Source) -> Iterator[Found | NoRun | None]:
    try:
        while not source.read().at_end:
            yield None
        yield _found(engine, folder, source, True)
    except (AppError, OSError) as error:
        yield _unreadable(folder, error)


def _unreadable(folder: RunFolder, error: AppError | OSError) -> NoRun:
    why = error.message if isinstance(error, AppError) else f"{folder.log.name}: {error.strerror or error}."
    return NoRun(str(folder.path), "unreadable", why)


def _found(engine: Engine, folder: RunFolder, source: Source, is_complete: bool) -> Found:
    content, seen = source.reader.content, extent(folder.log)
    damage = damage_report(content)
    life = Life(engine.clock.time(), seen.mtime_ns / 1e9, engine.settings.quiet_after)
    wishes = engine.wishes_of(folder)
    links = RunLinks(folder, wishes, lambda: engine.ledger.links.of(folder.path))
    return Found(
        path=str(folder.path),
        log=str(folder.log),
        kind=folder.kind.value,
        run_id=content.run.run_id or folder.run_id,
        name=content.run.name,
        writer=content.writer,
        rows=content.rows,
        expected=content.rows + damage.rows if damage is not None and damage.rows else None,
        bytes=seen.size,
        entity=content.run.entity,
        project=content.run.project,
        started=content.run.start_time or folder.started,
        run_state=run_state(folder, content, life) if is_complete else RunState.UNKNOWN,
        damage=damage,
        sent=_sent(engine, folder),
        contents=contents(source, wishes, links) if is_complete else Contents(),
        is_complete=is_complete,
    )


def _sent(engine: Engine, folder: RunFolder) -> tuple[SentBefore, ...]:
    now, own = tuple(extent(folder.log)), own_identity(engine.home.store)
    return tuple(
        SentBefore(
            server=choice_of(engine, delivery, target).server,
            address=server_address(delivery, target, own),
            entity=target["entity"],
            project=target["project"],
            run_id=target["run_id"],
            url=delivery.url,
            verified_at=delivery.verified_at,
            is_whole=delivery.state == SyncState.VERIFIED
            and now == (delivery.verified_size, delivery.verified_mtime_ns),
            files=delivery.counts.get("files", 0),
        )
        for delivery, target in reversed(engine.ledger.deliveries_of(folder.log))
    )
