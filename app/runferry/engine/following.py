"""Which logs are followed closely because their runs are live, and which seemed dead and may grow after all."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from runferry.formats.readers import Extent, extent
from runferry.status import RunState
from runferry.sync.run_sync import ENDED, RunSync

log = logging.getLogger(__name__)


class Follower(Protocol):
    """What is needed of the watcher."""

    def follow(self, log: Path) -> None:
        """Tell when it grows."""

    def unfollow(self, log: Path) -> None:
        """No longer."""


class Following:
    """The logs of one engine's watched runs."""

    def __init__(self) -> None:
        self._followed: set[Path] = set()
        self._crashed: dict[Path, Extent] = {}  # by log: how large it was when its training seemed to be dead

    def changed(self, run: RunSync, watcher: Follower) -> None:
        """A run is at rest: a live log is followed closely, an ended one no longer."""
        path = run.log
        if run.status_run_state is not RunState.CRASHED:
            self._crashed.pop(path, None)
        elif path not in self._crashed:
            self.seems_dead(path)
        live = run.status_run_state not in ENDED
        if live and path not in self._followed:
            self._followed.add(path)
            watcher.follow(path)
        elif not live and path in self._followed:
            self._followed.discard(path)
            watcher.unfollow(path)

    def seems_dead(self, path: Path) -> None:
        """Remember how large the log of a run is whose training is gone."""
        try:
            self._crashed[path] = extent(path)
        except OSError:
            log.debug("%s is gone", path)

    def drop(self, path: Path, watcher: Follower | None) -> None:
        """A log is nobody's any more."""
        self._crashed.pop(path, None)
        if path in self._followed and watcher is not None:
            self._followed.discard(path)
            watcher.unfollow(path)

    def grown(self) -> list[Path]:
        """Logs whose training seemed to be dead, and is not: each is told once."""
        found = [path for path, before in list(self._crashed.items()) if has_grown(path, before)]
        for path in found:
            log.info("%s grows although its training seemed to be dead", path)
            self._crashed.pop(path, None)
        return found


def has_grown(path: Path, before: Extent) -> bool:
    """Whether a log is another one than it was; one that cannot be looked at is not."""
    try:
        return extent(path) != before
    except OSError:
        return False
