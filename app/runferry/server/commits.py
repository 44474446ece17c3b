"""Group commit: an answer waits until what it acknowledges is on the disk, and requests at one time share the waiting.

Whoever writes says so with `written`; whoever answers does it inside `answering`, which waits for what the answer rests
on: what it wrote, and what it read of that others wrote. A commit takes in everything that was written until it begins,
and there is one at a time. Over time the disk is asked every `PAUSE` seconds at most, however many clients write; a
burst, which a person waits for (`sync` of some dozens of runs), may go faster, `BURST` commits of it.

What the disk refuses stays to be committed, and is told to all who waited for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextvars import ContextVar
from pathlib import Path

from starlette.concurrency import run_in_threadpool

PAUSE = 0.05  # seconds from the beginning of a commit to the next, on average
BURST = 400  # commits that may follow each other at once; every pause that is not needed allows one more
_AT_ONCE = 8  # files and folders that are flushed side by side
_needed: ContextVar[list[int] | None] = ContextVar("needed", default=None)
_sync_file = getattr(os, "fdatasync", os.fsync)


class Part:
    """What is written and read of one thing, a run say: whoever answers with it waits for what was written to it."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._mark = 0

    def written(self, *, files: Iterable[Path] = (), folders: Iterable[Path] = ()) -> None:
        """The content of these files, or the entries of these folders, have changed."""
        self._mark = self._commits.written(files=files, folders=folders)

    def seen(self) -> None:
        """It is read: the answer says something that was written."""
        self._commits.seen(self._mark)


class Commits:
    """Those of one store. `settled` may be called by one event loop, everything else by any thread."""

    def __init__(self, pause: float = PAUSE, burst: int = BURST) -> None:
        self._pause = pause
        self._burst = burst
        self._lock = threading.Lock()
        self._paths: set[tuple[Path, bool]] = set()
        self._noted = self._done = 0
        self._due = 0.0  # when the next commit would begin if each had kept its pause
        self._round: asyncio.Task[None] | None = None
        self.count = 0  # commits so far

    def part(self) -> Part:
        """For one thing in the store."""
        return Part(self)

    def written(self, *, files: Iterable[Path] = (), folders: Iterable[Path] = ()) -> int:
        """The content of these files, or the entries of these folders, have changed. Gives its number."""
        with self._lock:
            self._paths.update((one, False) for one in files)
            self._paths.update((one, True) for one in folders)
            self._noted += 1
            mark = self._noted
        self.seen(mark)
        return mark

    def seen(self, mark: int) -> None:
        """The request in hand may only be answered when that is on the disk."""
        needed = _needed.get()
        if needed is not None:
            needed[0] = max(needed[0], mark)

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Around what finds an answer, in this task and the threads that it calls: at its end the disk has all of it.

        Raises OSError where the disk refuses.
        """
        needed = [0]
        token = _needed.set(needed)
        try:
            yield
        finally:
            _needed.reset(token)
        await self.settled(needed[0])

    async def settled(self, mark: int | None = None) -> None:
        """Return when what has this number is on the disk, or everything that was written until now. Raises OSError."""
        mark = self._noted if mark is None else mark
        while self._done < mark:
            if self._round is None or self._round.done():
                self._round = asyncio.create_task(self._commit())
            await asyncio.shield(self._round)

    def flush(self) -> None:
        """The same at once, without an event loop. Raises OSError."""
        paths, noted = self._take()
        try:
            for one in paths:
                _flush(*one)
        except OSError:
            self._give_back(paths)
            raise
        self._done = max(self._done, noted)

    async def _commit(self) -> None:
        now = time.monotonic()
        early = self._due - now - self._burst * self._pause
        if early > 0:
            await asyncio.sleep(early)
        self._due = max(self._due, now) + self._pause
        paths, noted = self._take()
        try:
            for start in range(0, len(paths), _AT_ONCE):
                some = paths[start : start + _AT_ONCE]
                await asyncio.gather(*(run_in_threadpool(_flush, *one) for one in some))
        except OSError:
            self._give_back(paths)
            raise
        self.count += 1
        self._done = noted

    def _take(self) -> tuple[list[tuple[Path, bool]], int]:
        with self._lock:
            taken = list(self._paths), self._noted
            self._paths.clear()
        return taken

    def _give_back(self, paths: list[tuple[Path, bool]]) -> None:
        with self._lock:
            self._paths.update(paths)


def _flush(path: Path, is_folder: bool) -> None:
    if is_folder:
        sync_folder(path)
    else:
        _flush_file(path)


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
