"""Follows live logs: by notification where that works, by looking at their size always.

`LogFollower` runs one thread, ``watch-logs``. A log that grows is looked at every `interval` seconds, one that is
quiet less and less often; one whose folder is watched by notifications at leisure, to make up for a missed one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runferry.clock import Clock
from runferry.watch.looking import keep_looking
from runferry.watch.notify import Notifier

log = logging.getLogger(__name__)

QUIET = 30.0
"""Seconds without growth after which a log is looked at less often."""
SLOWEST = 5.0
GRACE = 5.0
"""Seconds that a look has at the end; whoever is stuck in a drive that is gone is left behind."""
NOTIFIED = 2.0
"""Seconds between looks where notifications work."""

Signature = tuple[int, int, int] | None
"""Size, time of change in nanoseconds, inode; None while there is no file."""


@dataclass
class _Live:
    path: Path
    signature: Signature
    last_growth: float
    due: float
    noticed: bool = False


class LogFollower:
    """Calls `on_changed` from its thread for each followed log that changed."""

    def __init__(
        self,
        on_changed: Callable[[Path], None],
        on_missing: Callable[[Path], None],
        notifier: Notifier,
        clock: Clock,
        interval: float,
        by_notification: Callable[[Path], bool],
    ) -> None:
        self._on_changed = on_changed
        self._on_missing = on_missing
        self._notifier = notifier
        self._clock = clock
        self.interval = interval
        self._by_notification = by_notification
        self._lock = threading.Lock()
        self._live: dict[str, _Live] = {}
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="watch-logs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; no callback comes after this."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(GRACE)
        self._thread = None

    def follow(self, path: Path) -> None:
        """The log is live: tell soon when it grows. What it holds now is not told."""
        with self._lock:
            if str(path) in self._live:
                return
            now = self._clock.monotonic()
            self._live[str(path)] = _Live(path, _signature(path), now, now + self.interval)
        if self._by_notification(path):
            why = self._notifier.watch(path.parent)
            if why:
                log.info("%s is followed by looking at it: %s", path, why)
        self._wake.set()

    def unfollow(self, path: Path) -> None:
        """The log is not live any more."""
        with self._lock:
            known = self._live.pop(str(path), None)
        if known is not None:
            self._notifier.unwatch(path.parent)

    def notice(self, path: str) -> bool:
        """Something happened to a path, says the system; tells whether it is a followed log. Returns at once."""
        live = self._live.get(path)
        if live is None:
            return False
        live.noticed = True
        self._wake.set()
        return True

    def tick(self) -> float:
        """Look at what is due and tell; returns when to look again, in monotonic seconds."""
        now = self._clock.monotonic()
        with self._lock:
            due = [one for one in self._live.values() if one.noticed or one.due <= now]
        changed: list[Path] = []
        missing: list[Path] = []
        for one in due:
            self._look(one, now, changed, missing)
        for told, call in ((changed, self._on_changed), (missing, self._on_missing)):
            for path in told:
                if not self._stopped.is_set():
                    _tell(call, path)
        with self._lock:
            return min((one.due for one in self._live.values()), default=now + SLOWEST)

    def _look(self, one: _Live, now: float, changed: list[Path], missing: list[Path]) -> None:
        one.noticed = False  # before looking: what happens from here on is noticed again
        signature = _signature(one.path)
        if signature != one.signature:
            (changed if signature else missing).append(one.path)
            one.signature, one.last_growth = signature, now
        one.due = now + self._pause(one, now)

    def _pause(self, one: _Live, now: float) -> float:
        """How long to leave a log alone."""
        pause = self.interval
        if self._notifier.watches(one.path.parent):
            pause = max(pause, NOTIFIED)
        quiet = now - one.last_growth
        return pause if quiet <= QUIET else max(pause, min(SLOWEST, pause * quiet / QUIET))

    def _run(self) -> None:
        keep_looking("looking at the logs of live runs", self.tick, self._wake, self._stopped, self._clock)


def _signature(path: Path) -> Signature:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _tell(call: Callable[[Path], None], path: Path) -> None:
    try:
        call(path)
    except Exception:
        log.exception("a listener failed on %s", path)
