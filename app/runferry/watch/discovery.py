"""Finds run folders below a root. Stateless; runs on the caller's thread; never writes and never raises for a folder.

A run folder is told by its name and by the log in it, and is not looked into any further. Links are not followed
(``latest-run`` is one), but a root may be a link. What is certain to hold no runs is left out by its name.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from runferry.at_work import made_progress
from runferry.formats.folder_logs import choose

RUN_NAME = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-(.+)", re.DOTALL)  # names may hold line breaks
LEGACY_NAME = re.compile(r"(?:dryrun|run)-\d{8}_\d{6}-(.+)", re.DOTALL)
LEGACY_FILES = ("wandb-history.jsonl", "wandb-metadata.json")
LOG_NAME = re.compile(r"run-.*\.wandb", re.DOTALL)
STORE_MARKER = "runferry-store"
SKIPPED = frozenset(
    [".git", ".hg", ".svn", "node_modules", ".venv", "venv", "site-packages", "__pycache__", ".cache", ".tox", ".nox",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs", ".Trash", "checkpoints",
     ".runferry"]
)  # fmt: skip
_CHECKPOINT = re.compile(r"checkpoint[-_]\d+")
MAX_DEPTH = 40  # bind mounts can make a tree endless

FRESH = 2.0
"""Seconds after its last change during which a folder may change again without showing another time of change."""

Identity = tuple[int, int]
ScanDir = Callable[[str], Any]


@dataclass(frozen=True)
class RunFolder:
    """A run folder; `log_path` is None for the layout before 0.10. `identity`: device and inode of the folder."""

    path: Path
    log_path: str | None  # a text: ten thousand paths cost time and memory, and few are asked for
    identity: Identity

    @property
    def log(self) -> Path | None:
        """The log, if there is one."""
        return Path(self.log_path) if self.log_path else None


@dataclass(frozen=True)
class Scan:
    """What was found. `pending`: folders named like runs that hold no log yet. `places`: folders in which runs lie."""

    runs: tuple[RunFolder, ...] = ()
    pending: tuple[Path, ...] = ()
    places: tuple[Path, ...] = ()
    unreadable: tuple[tuple[Path, str], ...] = ()
    folders: int = 0


@dataclass(frozen=True)
class Listing:
    """What a folder held when its time of change was `changed` (nanoseconds): runs by path, None for pending ones."""

    changed: int
    runs: dict[str, RunFolder | None]
    others: list[str]


Memory = dict[str, Listing]
"""By folder, filled by a scan and used by the next one: a folder that did not change holds what it held, so a thousand
finished runs need not be looked at again. Empty it now and then: not every file system keeps times of change well."""


def scan(
    root: Path,
    skip: frozenset[Path] = frozenset(),
    scandir: ScanDir = os.scandir,
    memory: Memory | None = None,
    known: Mapping[Path, RunFolder] = MappingProxyType({}),
) -> Scan:
    """Look through a tree. skip: folders to leave out, absolute, like the local server's store.

    known: what the caller holds; where the same is found, it gets the very same objects.
    """
    walk = _Walk(frozenset(str(one) for one in skip), scandir, memory, known)
    if is_run_name(root.name):
        walk.look_at_run(str(root))
    if not walk.runs:
        walk.walk(str(root))
    return walk.result()


def walk(root: Path, skip: frozenset[Path] = frozenset(), scandir: ScanDir = os.scandir) -> Iterator[Scan]:
    """The same bit by bit: after each folder what it added, which may be nothing. For whoever shows it meanwhile."""
    steps = _Walk(frozenset(str(one) for one in skip), scandir)
    if is_run_name(root.name):
        steps.look_at_run(str(root))
    if steps.runs:
        yield steps.result()
        return
    for _ in steps.folders(str(root)):
        yield steps.result()
        steps.forget()


def look(folder: Path, scandir: ScanDir = os.scandir) -> RunFolder | None:
    """The run folder at this path, or None where there is none, or no log in it yet."""
    if not is_run_name(folder.name):
        return None
    walk = _Walk(frozenset(), scandir)
    walk.look_at_run(str(folder))
    return walk.runs[0] if walk.runs else None


def is_run_name(name: str) -> bool:
    """Whether a folder of this name may be a run."""
    return RUN_NAME.fullmatch(name) is not None or LEGACY_NAME.fullmatch(name) is not None


class _Walk:
    """Strings instead of Paths while walking: ten thousand folders are looked at again and again."""

    def __init__(
        self,
        skip: frozenset[str],
        scandir: ScanDir,
        memory: Memory | None = None,
        known: Mapping[Path, RunFolder] = MappingProxyType({}),
    ) -> None:
        self._memory, self._known = memory, known
        self._skip = skip
        self._scandir = scandir
        self.runs: list[RunFolder] = []
        self.pending: list[str] = []
        self._places: list[str] = []
        self._unreadable: list[tuple[str, str]] = []
        self._folders = 0

    def result(self) -> Scan:
        return Scan(
            tuple(self.runs),
            tuple(Path(one) for one in self.pending),
            tuple(Path(one) for one in self._places),
            tuple((Path(path), why) for path, why in self._unreadable),
            self._folders,
        )

    def forget(self) -> None:
        """What was found so far was given out."""
        self.runs, self.pending, self._places, self._unreadable = [], [], [], []

    def walk(self, root: str) -> None:
        for _ in self.folders(root):
            pass

    def folders(self, root: str) -> Iterator[str]:
        """Look into each folder; its name when that is done."""
        waiting = [(root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            self._folders += 1
            made_progress()
            runs, others = self._look_into(folder)
            if runs or os.path.basename(folder) in ("wandb", ".wandb"):  # noqa: PTH119
                self._places.append(folder)
            if depth < MAX_DEPTH:
                waiting.extend((one, depth + 1) for one in others)
            yield folder

    def _look_into(self, folder: str) -> tuple[list[str], list[str]]:
        """Like `_sort`, with all runs looked at; from memory where the folder did not change."""
        changed = _changed(folder) if self._memory is not None else 0
        known = self._memory.get(folder) if self._memory else None
        if known is not None and known.changed == changed:
            for path, run in known.runs.items():
                if run is not None:
                    self.runs.append(run)
                else:
                    self.look_at_run(path)
            return list(known.runs), known.others
        troubles, before = len(self._unreadable), len(self.runs)
        runs, others = self._sort(folder)
        for path in runs:
            self.look_at_run(path)
        if self._memory is not None and len(self._unreadable) == troubles and _is_settled(changed):
            found = {str(run.path): run for run in self.runs[before:]}
            self._memory[folder] = Listing(changed, {path: found.get(path) for path in runs}, others)
        return runs, others

    def _sort(self, folder: str) -> tuple[list[str], list[str]]:
        """The folders in a folder: those named like runs, and those to look into."""
        runs: list[str] = []
        others: list[str] = []
        for entry in self._entries(folder):
            name: str = entry.name
            if name == STORE_MARKER:
                return [], []
            try:
                if not entry.is_dir(follow_symlinks=False):
                    continue
            except OSError:
                continue
            if is_run_name(name):
                runs.append(entry.path)
            elif name not in SKIPPED and entry.path not in self._skip and not _CHECKPOINT.fullmatch(name):
                others.append(entry.path)
        return runs, others

    def _entries(self, folder: str) -> Iterator[Any]:
        try:
            with self._scandir(folder) as entries:
                yield from entries
        except OSError as error:
            self._unreadable.append((folder, error.strerror or str(error)))

    def look_at_run(self, folder: str) -> None:
        """Add a folder with a run's name to the runs, to the pending ones, or to neither (it just went)."""
        try:
            found = os.stat(folder)  # noqa: PTH116
        except OSError:
            return
        log = self._log_in(folder)
        if log is None and not self._is_legacy(folder):
            self.pending.append(folder)
            return
        run = RunFolder(Path(folder), log, (found.st_dev, found.st_ino))
        known = self._known.get(run.path)
        self.runs.append(run if known is None or known != run else known)

    def _log_in(self, folder: str) -> str | None:
        """The log, under the name that the folder's suggests (one look) or under another (a listing)."""
        named = RUN_NAME.fullmatch(os.path.basename(folder))  # noqa: PTH119
        if named is None:
            return None
        usual = f"{folder}{os.sep}run-{named[1]}.wandb"
        is_renamed = " " in named[1] or "(" in named[1]  # as programs name copies: the log may be one, too
        if not is_renamed and os.path.isfile(usual):  # noqa: PTH113
            return usual
        logs = sorted(Path(entry.path) for entry in self._entries(folder) if LOG_NAME.fullmatch(entry.name))
        try:
            return str(choose(logs, named[1])) if logs else None
        except OSError:
            return str(logs[0])

    def _is_legacy(self, folder: str) -> bool:
        if LEGACY_NAME.fullmatch(os.path.basename(folder)) is None:  # noqa: PTH119
            return False
        return any(os.path.isfile(f"{folder}{os.sep}{name}") for name in LEGACY_FILES)  # noqa: PTH113


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


def _is_settled(changed: int) -> bool:
    """Whether whatever comes now gives the folder another time of change."""
    return 0 < changed < (time.time() - FRESH) * 1e9
