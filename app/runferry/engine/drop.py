"""What was dropped on the window: each run found in it, where it would go and what would be sent; nothing is sent here.

`look_at` is a generator, so that a sheet fills while a large folder is looked through. It reads each log to its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Semaphore
from typing import Protocol

from runferry.engine.choice import Choice, choose
from runferry.engine.finding import not_a_run
from runferry.engine.plan import what_is_sent
from runferry.engine.recorded import server_address
from runferry.errors import AppError
from runferry.formats.damage import damage_report
from runferry.formats.detect import NotARun, RunFolder, RunKind, identify
from runferry.formats.readers import extent
from runferry.settings import Settings
from runferry.state.ledger import Ledger
from runferry.status import DamageReport, SyncState
from runferry.sync.destination import UNCATEGORIZED
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes, app_wishes, combine
from runferry.watch.discovery import SKIPPED, STORE_MARKER, scan


class Engine(Protocol):
    """What is needed of the engine."""

    settings: Settings
    environ: dict[str, str]
    ledger: Ledger
    permit: Semaphore


@dataclass(frozen=True)
class Verified:
    """Where the very same log was verified before. `at`: seconds since the epoch."""

    server: str
    url: str
    entity: str
    project: str
    at: float


@dataclass(frozen=True)
class Found:
    """One run, or something that is none. `dropped`: the path that it came with; `log` is empty where it is no run.

    kind: in words (``offline run``, ``legacy dry run`` …). rows_lost: about how many more there were, None where nobody
    knows or nothing is lost. server, entity, project: where it would go; a missing one has to be chosen, or the server
    chooses its default. sends: kinds of data that would leave this computer, in words. error: why it is no run.
    """

    dropped: str
    path: str
    log: str = ""
    kind: str = ""
    writer: str = ""
    run_id: str = ""
    name: str = ""
    rows: int = 0
    rows_lost: int | None = None
    bytes: int = 0
    started: float | None = None
    damage: DamageReport | None = None
    server: str = ""
    entity: str = ""
    project: str = ""
    server_missing: bool = False
    project_missing: bool = False
    verified: tuple[Verified, ...] = ()
    sends: tuple[str, ...] = ()
    error: dict[str, str] | None = field(default=None)

    @property
    def is_run(self) -> bool:
        """Whether there is something to send."""
        return self.error is None

    @property
    def is_suggested(self) -> bool:
        """Whether it should be ticked at first: a run that was not verified where it would go."""
        there = [one.server for one in self.verified]
        return self.is_run and self.server not in there and not (self.server == "local" and there)


def look_at(
    engine: Engine,
    paths: Sequence[Path],
    server: str = "",
    entity: str = "",
    project: str = "",
    metrics_only: bool = False,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Found]:
    """Every run below the paths, each once, as soon as it was read; and what is none. Ends early when cancelled."""
    wishes = app_wishes(engine.settings, engine.environ)
    look = _Look(engine, server, entity, project, replace(wishes, metrics_only=wishes.metrics_only or metrics_only))
    seen: set[Path] = set()
    for dropped in paths:
        for candidate in _candidates(dropped):
            if is_cancelled():
                return
            if isinstance(candidate, NotARun):
                yield Found(str(dropped), str(candidate.path), error=not_a_run(candidate).as_dict())
            elif candidate.log.resolve() not in seen:
                seen.add(candidate.log.resolve())
                yield look.at(dropped, candidate, is_cancelled)


def _candidates(path: Path) -> Iterator[RunFolder | NotARun]:
    """The path itself where it is a run, else the runs below it; where there are none, why not."""
    found = identify(path)
    if isinstance(found, RunFolder) or not path.is_dir():
        yield found
        return
    any_found = False
    for run in _below(path):
        any_found = True
        yield identify(run)
    if not any_found:
        yield found if found.slug != "empty-folder" else _no_runs(path)


def _no_runs(path: Path) -> NotARun:
    return NotARun(path, "empty-folder", f"{path.name}/ holds no run: no .wandb log and no wandb-history.jsonl.")


def _below(path: Path) -> Iterator[Path]:
    """Runs below a folder, one part of the tree after the other."""
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            is_store = (path / STORE_MARKER).exists()
    except OSError:
        return
    for name in names:
        if name not in SKIPPED and not is_store and not (path / name / STORE_MARKER).exists():
            yield from (one.path for one in scan(path / name).runs)


class _Look:
    """Where runs would go, by what was chosen in the sheet and set in the app."""

    def __init__(self, engine: Engine, server: str, entity: str, project: str, wishes: Wishes) -> None:
        self._engine, self._entity, self._project, self._wishes = engine, entity, project, wishes
        self._choice = _choice(server, engine.environ, engine.settings)

    def at(self, dropped: Path, folder: RunFolder, is_cancelled: Callable[[], bool]) -> Found:
        """Read one run. Never raises for what it holds."""
        try:
            return self._read(dropped, folder, is_cancelled)
        except (AppError, OSError) as error:
            shown = error if isinstance(error, AppError) else not_a_run(NotARun(folder.path, "other", str(error)))
            return Found(str(dropped), str(folder.path), str(folder.log), error=shown.as_dict())

    def _read(self, dropped: Path, folder: RunFolder, is_cancelled: Callable[[], bool]) -> Found:
        source, settings = Source(folder.log, self._engine.permit), self._engine.settings
        while not source.read().at_end and not is_cancelled():
            while source.console.take_changed():
                pass
            source.console.drop_before(source.console.line_count)
        content = source.reader.content
        damage = damage_report(content)
        project = self._project or content.run.project or settings.project
        choice = self._choice
        return Found(
            dropped=str(dropped),
            path=str(folder.path),
            log=str(folder.log),
            kind=kind_in_words(folder),
            writer=content.writer,
            run_id=content.run.run_id or folder.run_id,
            name=content.run.name or folder.path.name,
            rows=content.rows,
            rows_lost=damage.rows if damage else None,
            bytes=extent(folder.log).size,
            started=content.run.start_time or folder.started,
            damage=damage,
            server=choice.server if choice else "",
            entity=self._entity or content.run.entity or settings.entity,
            project=project or UNCATEGORIZED,
            server_missing=choice is None,
            project_missing=not project,
            verified=_verified(self._engine.ledger, folder),
            sends=tuple(what_is_sent(source, combine(self._wishes, folder.marker))),
        )


def kind_in_words(folder: RunFolder) -> str:
    """What a run is, for a row of a table."""
    if folder.kind is RunKind.LEGACY:
        return "legacy dry run" if folder.path.name.startswith("dryrun-") else "legacy run"
    words = {RunKind.RECORDER: "recorded run", RunKind.OFFLINE: "offline run", RunKind.ONLINE: "online run"}
    return words[folder.kind]


def _choice(server: str, environ: Mapping[str, str], settings: Settings) -> Choice | None:
    """The server; None where a person has to choose one. Raises UsageError for an address that is none."""
    try:
        return choose(server, environ, settings)
    except AppError as error:
        if error.slug == "server-not-chosen":
            return None
        raise


def _verified(ledger: Ledger, folder: RunFolder) -> tuple[Verified, ...]:
    now = extent(folder.log)
    found = []
    for delivery, target in ledger.deliveries_of(folder.log):
        same = (delivery.verified_size, delivery.verified_mtime_ns) == now
        if delivery.state == SyncState.VERIFIED.value and same and delivery.verified_at is not None:
            server = server_address(delivery, target)
            found.append(Verified(server, delivery.url, target["entity"], target["project"], delivery.verified_at))
    return tuple(found)
