"""Measurements kept on disk until they are delivered: one file of JSON lines per log, appended to, never rewritten.

The same form lies in a run's folder where `runferry watch --collect` measured it. A line counts once its end is there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.errors import NeedsUser
from runferry.regular_files import open_below, open_to_change

COLLECTED = "runferry-samples"  # beginning of the names in run folders
KEPT_FOR = 90 * 86400.0  # seconds after the last line
_TAIL = 1 << 16


@dataclass(frozen=True)
class SampleFile:
    """`kind`: the name of its lines' range in the ledger."""

    kind: str
    path: Path


class SampleStore:
    """The folder of such files in the app's state. `identity` is a log's: the same for copies of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mended: set[Path] = set()

    def path(self, identity: str) -> Path:
        """Where a log's measurements are."""
        return self._folder / f"{identity}.jsonl"

    def files(self, identity: str, run_folder: Path) -> list[SampleFile]:
        """All measurements of a run: ours, and those that were collected beside its log."""
        found = [SampleFile("host", self.path(identity))] if self.path(identity).exists() else []
        return found + [SampleFile(f"host:{one.name}", one) for one in collected(run_folder)]

    def append(self, path: Path, rows: Sequence[str]) -> None:
        """Add lines. Raises AppError, and then none of them counts or all do."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if path not in self._mended:
                _cut_torn(path)
                self._mended.add(path)
            with open_to_change(path, is_new=True) as file:
                data = "".join(f"{row}\n" for row in rows).encode()
                if file.write(data) != len(data):
                    self._mended.discard(path)
                    raise OSError("the disk is full")
        except OSError as error:
            self._mended.discard(path)
            raise NeedsUser(
                "samples-unwritable",
                "Measurements cannot be kept",
                f"{path}: {error.strerror or error}.",
                "Free some space on that disk, or make the folder writable; they wait in memory meanwhile.",
                error,
            ) from error

    def prune(self, now: float | None = None) -> None:
        """Remove what nothing was added to for three months. now: seconds since the epoch."""
        now = time.time() if now is None else now
        for one in self._folder.glob("*.jsonl"):
            try:
                if now - one.stat().st_mtime > KEPT_FOR:
                    one.unlink()
            except OSError:
                continue  # it is tried again at the next start


def collected(run_folder: Path) -> list[Path]:
    """Files of measurements in a run's folder."""
    try:
        return sorted(one for one in run_folder.glob(f"{COLLECTED}*.jsonl") if one.is_file())
    except OSError:
        return []


def collected_in(run_folder: str) -> tuple[tuple[str, int], ...]:
    """Names and sizes of the files of measurements in a run's folder, with one look at it."""
    try:
        with os.scandir(run_folder) as entries:
            found = [one for one in entries if one.name.startswith(COLLECTED) and one.name.endswith(".jsonl")]
            return tuple(sorted((one.name, one.stat().st_size) for one in found))
    except OSError:
        return ()


def last_row(path: Path) -> Mapping[str, Any]:
    """The newest measurement in a file; empty where there is none."""
    try:
        with open_below(path.parent, path.name) as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
            lines = file.read().split(b"\n")[:-1]
    except OSError:
        return {}
    return parsed(lines[-1]) or {} if lines else {}


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line's object; None for what is no measurement."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "_timestamp" in found else None


def _cut_torn(path: Path) -> None:
    """Remove a last line without its end, which a crash left: nobody has read it."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return
    with open_to_change(path) as file:
        file.seek(max(size - _TAIL, 0))
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
