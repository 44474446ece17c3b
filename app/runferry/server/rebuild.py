"""Fills a new index from the store's files, and makes anew what was damaged there.

A run is what lies in its folder, not its record alone: where ``run.json`` is empty, torn or missing (a power cut under
an earlier version, a disk's fault), the run keeps its place and its lines. Its record is taken from the index before,
or else from the names of the folders; the damaged file stays beside it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from pathlib import Path

from runferry.server.commits import Commits
from runferry.server.durable import is_plain, read_json
from runferry.server.index import Index
from runferry.server.names import Names, original
from runferry.server.record import RunRecord
from runferry.server.run_folder import CONSOLE, EVENTS, HISTORY, RECORD, SUMMARY, RunFolder

DAMAGED = "run.json.damaged"
_SHOWN = 20  # folders that are named one by one
_WHAT = (OSError, ValueError, TypeError, KeyError, AttributeError)

log = logging.getLogger(__name__)


def rebuild(root: Path, index: Index, names: Names, commits: Commits) -> list[str]:
    """Put every run and project into the index. Gives what a person should know. Raises OSError."""
    notes = []
    for path in sorted((root / "runs").glob("*/*/*")):
        if not path.is_dir() or not is_plain(root, path):
            continue
        relative = path.relative_to(root).as_posix()
        try:
            folder = RunFolder.load(path, names, commits)
            _check(folder.record)
        except _WHAT as error:
            recovered = _recovered(path, index.run_of_old(relative), names, commits)
            if recovered is None:
                continue
            folder, said = recovered
            log.warning("%s: %s", path / RECORD, error)
            notes.append(said)
        folder.sweep_partials()
        record = folder.record
        index.put_project(record.entity, record.project, record.created)
        index.put_run(record.as_dict(), relative)
    _projects(root, index)
    return notes if len(notes) <= _SHOWN else [*notes[:_SHOWN], f"And {len(notes) - _SHOWN} more: see the log."]


def _check(record: RunRecord) -> None:
    """Raise TypeError for a record whose parts are of other types than a record's."""
    texts = (record.entity, record.project, record.name)
    if not all(isinstance(one, str) and one for one in texts) or not isinstance(record.created, (int, float)):
        raise TypeError("no record of a run")


def _recovered(
    path: Path, known: dict[str, object] | None, names: Names, commits: Commits
) -> tuple[RunFolder, str] | None:
    """The run in a folder without a good record; None where there is none, or nobody can tell its name."""
    if not any((path / one).exists() for one in (RECORD, HISTORY, EVENTS, CONSOLE, SUMMARY, "files")):
        return None
    record, source = None, "its settings as far as they were known"
    with contextlib.suppress(*_WHAT):
        record = RunRecord.from_dict(known) if known else None
    if record is None:
        entity, project, name = (original(one) for one in path.parts[-3:])
        if not entity or not project or not name:
            log.warning("the run in %s has no record, and its name cannot be told", path)
            return None
        created = min(one.lstat().st_mtime for one in (path, *path.iterdir()))
        record, source = RunRecord(entity, project, name, created, display_name=name), "without its config and notes"
    with contextlib.suppress(FileNotFoundError):
        (path / RECORD).replace(path / DAMAGED)
    folder = RunFolder(path, record, names, commits)
    folder.save(dataclasses.replace(record))
    said = (
        f"The record of the run {record.entity}/{record.project}/{record.name} was damaged: it was made anew, {source}."
    )
    return folder, said


def _projects(root: Path, index: Index) -> None:
    for path in sorted((root / "runs").glob("*/*/project.json")):
        try:
            value = read_json(path)
            index.put_project(str(value["entity"]), str(value["project"]), float(value["created"]))
        except _WHAT:
            entity, project = (original(one) for one in path.parts[-3:-1])
            if entity and project:
                index.put_project(entity, project, path.lstat().st_mtime)
