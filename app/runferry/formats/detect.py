"""Says what a path is: a run's log, a run folder, an old run folder, or something else, named as what it is.

Looks at names and at the first bytes; never reads a whole log, never writes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from sys import intern
from typing import Any

from runferry.errors import UsageError
from runferry.wire.scanning import FILE_HEADER

MODERN = re.compile(r"^(offline-)?run-(\d{8}_\d{6})-(.+)$", re.DOTALL)  # names may hold line breaks
LEGACY = re.compile(r"^(?:dryrun|run)-(\d{8}_\d{6})-(.+)$", re.DOTALL)
MARKER = "runferry.json"
FILES = "files"
NOT_A_RUN = "not-a-run"  # what the names of such errors begin with
LEGACY_LOG = "wandb-history.jsonl"
_LEGACY_FILES = (LEGACY_LOG, "wandb-metadata.json", "wandb-summary.json")


class RunKind(str, Enum):
    """Who wrote the run, and in which layout."""

    RECORDER = "recorder"
    OFFLINE = "wandb-offline"
    ONLINE = "wandb-online"  # the official client uploads it itself
    LEGACY = "legacy"  # wandb 0.8 and 0.9: JSON lines, no log


@dataclass(frozen=True)
class RunFolder:
    """A run on disk. `started`: from the folder's name, seconds since the epoch.

    `log` of a legacy run is its history, which need not be there yet.

    `marker`: what the recorder wrote in ``runferry.json``. `synced_marker`: ``.synced`` stands beside the log.
    """

    path: Path
    log: Path
    run_id: str
    kind: RunKind
    started: float | None
    files_dir: Path
    marker: dict[str, Any] | None = None
    synced_marker: bool = False


@dataclass(frozen=True)
class NotARun:
    """Something that is no run. `slug`: missing, gzip, git-lfs, html, empty-folder, other; `reason` is for people."""

    path: Path
    slug: str
    reason: str


def is_there(text: str) -> bool:
    """Whether something stands at a path that a person typed; false for what can be none (too long, say)."""
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):
        return False


def identify(path: Path) -> RunFolder | NotARun:
    """What stands at this path. Symbolic links (``latest-run``) are followed. Raises nothing that is about content."""
    try:
        found = path.resolve()
        if found.is_dir():
            return _folder(found)
        if found.is_file():
            return _file(found)
    except (OSError, ValueError) as error:
        return NotARun(path, "missing", f"{path} cannot be looked at: {getattr(error, 'strerror', error)}.")
    return NotARun(path, "missing", f"There is nothing at {path}.")


def _folder(path: Path) -> RunFolder | NotARun:
    logs = sorted(one for one in path.glob("*.wandb") if one.is_file())
    if logs:
        named = [one for one in logs if one.stem.removeprefix("run-") and path.name.endswith(one.stem[3:])]
        return _modern((named or logs)[0])
    legacy = LEGACY.match(path.name)
    if legacy and any((path / name).is_file() for name in _LEGACY_FILES):
        return RunFolder(path, path / LEGACY_LOG, legacy[2], RunKind.LEGACY, epoch(legacy[1]), path)
    if path.name == FILES and isinstance(run := _folder(path.parent), RunFolder):
        return run  # what `run.dir` tells means its run
    return NotARun(path, "empty-folder", f"{path} holds no run: no .wandb log is in it.")


def _file(path: Path) -> RunFolder | NotARun:
    if path.name in _LEGACY_FILES and LEGACY.match(path.parent.name):
        return _folder(path.parent)
    with path.open("rb") as file:
        head = file.read(512)
    wrong = _foreign(path, head)
    if wrong is not None:
        return wrong
    if path.suffix == ".wandb" or head.startswith(FILE_HEADER):
        return _modern(path)
    return NotARun(path, "other", f"{path.name} is not a W&B transaction log.")


def _foreign(path: Path, head: bytes) -> NotARun | None:
    if head.startswith(b"\x1f\x8b"):
        return NotARun(path, "gzip", f"{path.name} is compressed with gzip: unpack it first.")
    if head.startswith(b"version https://git-lfs"):
        return NotARun(path, "git-lfs", f"{path.name} is a git-lfs pointer, not the log: run `git lfs pull` first.")
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return NotARun(path, "html", f"{path.name} is a web page, not a log: the download went wrong.")
    return None


def _modern(log: Path) -> RunFolder | NotARun:
    with log.open("rb") as file:
        wrong = _foreign(log, file.read(512))
    if wrong is not None:
        return wrong
    path = log.parent
    match = MODERN.match(path.name)
    marker = read_marker(path)
    # The log is named after the run even where the folder was renamed.
    run_id = log.stem.removeprefix("run-") if log.stem.startswith("run-") else (match[3] if match else log.stem)
    official = RunKind.ONLINE if match and not match[1] else RunKind.OFFLINE
    kind = official if marker is None else RunKind.RECORDER
    return RunFolder(
        path=path,
        log=log,
        run_id=run_id,
        kind=kind,
        started=epoch(match[2]) if match else None,
        files_dir=path / FILES,
        marker=marker,
        synced_marker=log.with_name(log.name + ".synced").exists(),
    )


def not_a_run(found: NotARun) -> UsageError:
    """Why a path is not a run, for people."""
    return UsageError(
        NOT_A_RUN if found.slug in ("empty-folder", "other", "missing") else f"{NOT_A_RUN}-{found.slug}",
        "Not a run",
        found.reason,
        "Name a run folder, a .wandb file, or a folder that holds runs.",
    )


def read_marker(path: Path) -> dict[str, Any] | None:
    """The recorder's ``runferry.json`` of a run folder; None where there is none or it is no JSON object."""
    try:
        marker = json.loads((path / MARKER).read_bytes(), object_pairs_hook=_shared)
    except (OSError, ValueError):
        return None
    return marker if isinstance(marker, dict) else None


def is_part_of_a_run(log: Path) -> bool:
    """Whether a child process of the training wrote this log beside the run's own; see docs/format.md."""
    return bool((read_marker(log.parent) or {}).get("part_of"))


def _shared(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One text for all of ten thousand runs that say the same."""
    return {intern(key): intern(value) if isinstance(value, str) else value for key, value in pairs}


def epoch(text: str) -> float | None:
    """Seconds since the epoch; folder names carry local time. None where it is no time."""
    try:
        return datetime.strptime(text, "%Y%m%d_%H%M%S").timestamp()
    except (ValueError, OverflowError, OSError):
        return None
