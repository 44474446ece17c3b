"""Says what a path is: a run's log, a run folder, an old run folder, or something else, named as what it is.

Looks at names and at the first bytes; never reads a whole log, never writes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from runferry.errors import UsageError
from runferry.formats.marker import read_marker
from runferry.regular_files import NotRegular, is_link, open_below
from runferry.wire.scanning import FILE_HEADER

MODERN = re.compile(r"^(offline-)?run-(\d{8}_\d{6})-(.+)$", re.DOTALL)  # names may hold line breaks
LEGACY = re.compile(r"^(?:dryrun|run)-(\d{8}_\d{6})-(.+)$", re.DOTALL)
FILES = "files"
MISSING = "missing"
NOT_A_RUN = "not-a-run"  # what the names of such errors begin with
WANDB_NAMES = ("wandb", ".wandb")  # of the folder in which run folders lie
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
    `named_in`: the folder in which a link called ``wandb`` stands through which the run was found; None: no link.
    """

    path: Path
    log: Path
    run_id: str
    kind: RunKind
    started: float | None
    files_dir: Path
    marker: dict[str, Any] | None = None
    synced_marker: bool = False
    named_in: Path | None = None


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
            return _named_by(path.parent if path.name == FILES else path, _folder(found))
        if found.is_file():
            return _named_by(path.parent, _file(found))
        if found.exists():
            return NotARun(path, "other", f"{path} is a pipe, a device or a socket, not a file.")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        return NotARun(path, MISSING, f"{path} cannot be looked at: {getattr(error, 'strerror', error)}.")
    return NotARun(path, MISSING, f"There is nothing at {path}.")


def _named_by(path: Path, found: RunFolder | NotARun) -> RunFolder | NotARun:
    """Note where the link stands by which ``wandb`` lies elsewhere (on a scratch disk, say). path: as it was named."""
    wandb = path.absolute().parent
    if isinstance(found, RunFolder) and wandb.name in WANDB_NAMES and is_link(os.lstat(wandb)):
        return replace(found, named_in=wandb.parent)
    return found


def _folder(path: Path) -> RunFolder | NotARun:
    from runferry.formats.folder_logs import choose, logs_in  # brings the readers, which need this module

    if logs := logs_in(path):
        named = MODERN.match(path.name)
        return _modern(choose(logs, named[3] if named else ""))
    legacy = LEGACY.match(path.name)
    if legacy and any((path / name).is_file() for name in _LEGACY_FILES):
        return RunFolder(path, path / LEGACY_LOG, legacy[2], RunKind.LEGACY, epoch(legacy[1]), path)
    if path.name == FILES and isinstance(run := _folder(path.parent), RunFolder):
        return run  # what `run.dir` tells means its run
    return NotARun(path, "empty-folder", f"{path} holds no run: no .wandb log is in it.")


def _file(path: Path) -> RunFolder | NotARun:
    if path.name in _LEGACY_FILES and LEGACY.match(path.parent.name):
        return _folder(path.parent)
    head = _head(path)
    wrong = _foreign(path, head)
    if wrong is not None:
        return wrong
    if path.suffix == ".wandb" or head.startswith(FILE_HEADER):
        return _modern(path)
    return NotARun(path, "other", f"{path.name} is not a W&B transaction log.")


def _head(log: Path) -> bytes:
    """What a log begins with; nothing of a link, which whoever reads it refuses with the reason."""
    try:
        with open_below(log.parent, log.name) as file:
            return file.read(512)
    except NotRegular:
        return b""


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
    wrong = _foreign(log, _head(log))
    if wrong is not None:
        return wrong
    path = log.parent
    match = MODERN.match(path.name)
    marker = read_marker(path)
    # The log is named after the run even where the folder was renamed.
    run_id = log.stem.removeprefix("run-") if log.stem.startswith("run-") else (match[3] if match else log.stem)
    if match and run_id.startswith(match[3]):  # a conflict copy has more in its name
        run_id = match[3]
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
        NOT_A_RUN if found.slug in ("empty-folder", "other", MISSING) else f"{NOT_A_RUN}-{found.slug}",
        "Not a run",
        found.reason,
        "Name a run folder, a .wandb file, or a folder that holds runs.",
    )


def is_part_of_a_run(log: Path) -> bool:
    """Whether a child process of the training wrote this log beside the run's own; see docs/format.md."""
    return bool((read_marker(log.parent) or {}).get("part_of"))


def epoch(text: str) -> float | None:
    """Seconds since the epoch; folder names carry local time. None where it is no time."""
    try:
        return datetime.strptime(text, "%Y%m%d_%H%M%S").timestamp()
    except (ValueError, OverflowError, OSError):
        return None
