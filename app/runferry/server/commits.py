"""Group commit: an answer waits until what it acknowledges is on the disk, and requests at one time share the waiting.

Whoever writes says so with `written`; whoever answers awaits `settled`. A commit takes in everything that was written
until it begins, and there is one at a time. The disk is asked every `PAUSE` seconds at most, however many clients write
for however long; only a short burst, which a person waits for, may go faster, `BURST` commits of it.

What the disk refuses stays to be committed, and is told to all who waited for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool

PAUSE = 0.05  # seconds from the beginning of a commit to the next, on average
BURST = 40  # commits that may follow each other without a pause; every pause that is not needed allows one more
_AT_ONCE = 8  # files that are flushed side by side
_sync_file = getattr(os, "fdatasync", os.fsync)


class Commits:
    """Those of one store. `written` may be called by any thread, `settled` by one event loop."""

    def __init__(self, pause: float = PAUSE, burst: int = BURST) -> None:
        self._pause = pause
        self._burst = burst
        self._lock = threading.Lock()
        self._files: set[Path] = set()
        self._folders: set[Path] = set()
        self._noted = self._done = 0
        self._due = 0.0  # when the next commit would begin if each had kept its pause
        self._round: asyncio.Task[None] | None = None
        self.count = 0  # commits so far

    def written(self, *, files: Iterable[Path] = (), folders: Iterable[Path] = ()) -> None:
        """The content of these files, or the entries of these folders, have changed."""
        with self._lock:
            self._files.update(files)
            self._folders.update(folders)
            self._noted += 1

    async def settled(self) -> None:
        """Return when everything that was written before this call is on the disk. Raises OSError where it is not."""
        mark = self._noted
        while self._done < mark:
            if self._round is None or self._round.done():
                self._round = asyncio.create_task(self._commit())
            await asyncio.shield(self._round)

    def flush(self) -> None:
        """The same at once, without an event loop. Raises OSError."""
        files, folders, noted = self._take()
        try:
            for path in files:
                _flush_file(path)
            for path in folders:
                sync_folder(path)
        except OSError:
            self._give_back(files, folders)
            raise
        self._done = max(self._done, noted)

    async def _commit(self) -> None:
        now = time.monotonic()
        early = self._due - now - self._burst * self._pause
        if early > 0:
            await asyncio.sleep(early)
        self._due = max(self._due, now) + self._pause
        files, folders, noted = self._take()
        try:
            await _side_by_side(partial(_flush_file, one) for one in files)
            await _side_by_side(partial(sync_folder, one) for one in folders)  # entries of files that are there now
        except OSError:
            self._give_back(files, folders)
            raise
        self.count += 1
        self._done = noted

    def _take(self) -> tuple[list[Path], list[Path], int]:
        with self._lock:
            taken = list(self._files), list(self._folders), self._noted
            self._files.clear()
            self._folders.clear()
        return taken

    def _give_back(self, files: list[Path], folders: list[Path]) -> None:
        with self._lock:
            self._files.update(files)
            self._folders.update(folders)


async def _side_by_side(flushes: Iterable[partial[None]]) -> None:
    waiting = list(flushes)
    for start in range(0, len(waiting), _AT_ONCE):
        await asyncio.gather(*(run_in_threadpool(one) for one in waiting[start : start + _AT_ONCE]))


def _flush_file(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # deleted since, with its run
        handle = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        try:
            _sync_file(handle)
        finally:
            os.close(handle)


def sync_folder(path: Path) -> None:
    """Put the names in it down on the disk. Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
