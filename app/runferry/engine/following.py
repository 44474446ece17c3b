"""Which logs are followed closely because their runs are live, and which are over and may change after all: a training
that seemed dead goes on, a log is replaced by a longer copy."""

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
        self._over: dict[Path, Extent] = {}  # by log: how large it was when its training was found to be over

    def changed(self, run: RunSync, watcher: Follower) -> None:
        """A run is at rest: a live log is followed closely, an ended one no longer."""
        path = run.log
        live = run.status_run_state not in ENDED
        if live:
            self._over.pop(path, None)
        elif path not in self._over:
            self.is_over(path)
        if live and path not in self._followed:
            self._followed.add(path)
            watcher.follow(path)
        elif not live and path in self._followed:
            self._followed.discard(path)
            watcher.unfollow(path)

    def is_over(self, path: Path) -> None:
        """Remember how large the log of a run is whose training is gone."""
        try:
            self._over[path] = extent(path)
        except OSError:
            log.debug("%s is gone", path)

    def drop(self, path: Path, watcher: Follower | None) -> None:
        """A log is nobody's any more."""
        self._over.pop(path, None)
        if path in self._followed and watcher is not None:
            self._followed.discard(path)
            watcher.unfollow(path)

    def settled(self, run: RunSync) -> None:
        """Others look at it from now on, unless its training only seems to be dead: that is looked at more often."""
        if run.status_run_state is not RunState.CRASHED:
            self._over.pop(run.log, None)

    def grown(self) -> list[Path]:
        """Logs of trainings that were over, and have changed: each is told once."""
        found = [path for path, before in list(self._over.items()) if has_grown(path, before)]
        for path in found:
            log.info("%s changed although its training was over", path)
            self._over.pop(path, None)
        return found


def has_grown(path: Path, before: Extent) -> bool:
    """Whether a log is another one than it was; one that cannot be looked at is not."""
    try:
        return extent(path) != before
    except OSError:
        return False
