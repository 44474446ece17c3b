"""Watches links appear in the folders of runs that are being recorded here, so that what `save` made is followed.

A link that leads out of a run's folder proves nothing about who made it. But where this process saw that it was not
there, and that it came while a process of this account on this computer had the log open for writing, the training
made it: such a link is remembered with its device, inode and target (`state.links`), and the sync follows it.

Whoever unpacks a run has its log open, too, for a moment. So the process must be the one that the recorder wrote down,
with its start, or the official client's own program; any other Python counts only if it held the log before the link
was there. Links that stood there before this process watched are left to the other rules.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runferry.engine.linked_files import LinkedFiles, Seen
from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.holders import PROC, Holder, Holding, holdings
from runferry.state.links import KnownLink, LinkTable

log = logging.getLogger(__name__)

PAUSE = 0.2  # seconds between two looks at the runs of which something came
RECENT = 60.0  # seconds: a log that was written within them may have a writer
RESCAN = 10.0  # seconds until holders of a log that has none that we see are looked for again
KEPT = 3600.0  # seconds without a change after which a run is forgotten
_OFFICIAL = "wandb-core"
_PYTHON = "python"

Process = tuple[int, int]
"""A process: its number and its start."""


@dataclass
class _Run:
    """`links`: as seen last; `writers`: processes that were seen to hold the log; `proven`: those of them that can only
    be the training."""

    files: LinkedFiles
    links: dict[str, Seen] = field(default_factory=dict)
    writers: set[Process] = field(default_factory=set)
    proven: set[Process] = field(default_factory=set)
    looked_at: float = 0.0
    asked_at: float = 0.0  # who holds it; monotonic
    is_known: bool = False


class LinkWatch:
    """One thread, ``links``, that sleeps while nothing is recorded. Any thread may tell it.

    on_known: called with a run folder of which a link is followed from now on. who: asks the system who holds logs.
    """

    def __init__(
        self,
        table: LinkTable,
        on_known: Callable[[RunFolder], None],
        who: Callable[[Iterable[Path]], Mapping[Path, Holding]] = holdings,
    ) -> None:
        self._table, self._on_known, self._who = table, on_known, who
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._waiting: dict[Path, tuple[RunFolder, float]] = {}
        self._runs: dict[Path, _Run] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name="links", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def look(self, folder: RunFolder, since: float) -> None:
        """A run was found, or its log grew. since: when watching its folder began, in seconds since the epoch."""
        with self._lock:
            self._waiting[folder.path] = (folder, since)
        self._wake.set()

    def tick(self) -> None:
        """Look at the runs of which something came."""
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        now = time.time()
        due = [one for one in waiting if one[0].path in self._runs or now - _written(one[0].log) < RECENT]
        self._ask_who([folder for folder, _ in due])
        for folder, since in due:
            try:
                self._look(folder, since)
            except OSError as error:
                log.debug("%s: %s", folder.path, error)
            except AppError as error:  # the state cannot be written: the link is told like any other
                log.warning("%s: %s", folder.path, error)
        for path in [path for path, run in self._runs.items() if now - run.looked_at > KEPT]:
            del self._runs[path]

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                self.tick()
            except Exception:
                log.exception("looking for links failed")
            self._stopping.wait(PAUSE)

    # -- one run ------------------------------------------------------------------------------------------------------

    def _run(self, folder: RunFolder) -> _Run:
        return self._runs.setdefault(folder.path, _Run(LinkedFiles(folder.path, folder.files_dir)))

    def _look(self, folder: RunFolder, since: float) -> None:
        run = self._run(folder)
        run.looked_at = time.time()
        links = run.files.look()
        new = {name: one for name, one in links.items() if run.links.get(name) != one}
        was_known, run.is_known, run.links = run.is_known, True, links
        if not new:
            return
        before = set(run.writers) if was_known else set()
        now = self._writers(folder, run, self._who([folder.log])[folder.log].holders)
        written = _changed(folder.log)
        # A training that ends right after `save` has closed its log by now; but it wrote to it after it made the link.
        made = {
            name: one
            for name, one in new.items()
            if (one.changed >= since and now & run.proven)
            or before & now
            or (was_known and before & run.proven and since <= one.changed <= written)
        }
        if made:
            log.info("%s: %d links of its training are followed", folder.path, len(made))
            links_made = [KnownLink(name, one.identity, one.target, False) for name, one in made.items()]
            self._table.keep(folder.path, links_made)
            self._on_known(folder)

    def _ask_who(self, folders: Iterable[RunFolder]) -> None:
        """Note who holds the logs of which no writer is known that lives, with one look at all processes."""
        now = time.monotonic()
        asked = []
        for folder in folders:
            run = self._run(folder)
            if not any(_lives(one) for one in run.writers) and now - run.asked_at > RESCAN:
                run.asked_at = now
                asked.append((folder, run))
        if asked:
            found = self._who([folder.log for folder, _ in asked])
            for folder, run in asked:
                self._writers(folder, run, found[folder.log].holders)

    def _writers(self, folder: RunFolder, run: _Run, holders: Iterable[Holder]) -> set[Process]:
        """Those that may be the training; noted."""
        found = set()
        for one in holders:
            process, program = (one.pid, one.started), _program(one.pid)
            if one.uid != os.getuid() or one.pid == os.getpid():
                continue
            marker = folder.marker or {}
            is_proven = (marker.get("pid"), marker.get("process_start_ticks")) == process
            if is_proven or program == _OFFICIAL:
                run.proven.add(process)
            elif not program.startswith(_PYTHON):
                continue
            found.add(process)
        run.writers |= found
        return found


def _program(pid: int) -> str:
    """The name of the program that a process runs; empty where it cannot be seen."""
    try:
        return os.readlink(f"{PROC}/{pid}/exe").removesuffix(" (deleted)").rpartition("/")[2]  # noqa: PTH115
    except OSError:
        return ""


def _lives(process: Process) -> bool:
    """Whether a process number is in use; who has it is looked at when it matters."""
    return os.path.isdir(f"{PROC}/{process[0]}")  # noqa: PTH112


def _written(path: Path) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116
    except OSError:
        return 0.0


def _changed(path: Path) -> float:
    try:
        return os.stat(path).st_ctime  # noqa: PTH116
    except OSError:
        return 0.0
