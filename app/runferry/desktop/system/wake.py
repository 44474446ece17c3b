"""Tells when the computer woke from sleep: connections from before are dead, and waiting for a retry is over.

logind says so where it runs; elsewhere, and beside it, clocks tell: one that stood still in sleep has fallen behind
one that went on. A process that was stopped for long is treated alike. It changes nothing itself.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from runferry.desktop.system.bus import Bus, Peer

EVERY = 5.0
"""Seconds between two looks at the clocks."""
ASLEEP = 2.0
"""Seconds by which the clocks differ after a sleep; less is their own inaccuracy."""
LATE = 30.0
"""Seconds by which a look comes late where the clocks do not show sleep (Windows), or the process was stopped."""
SAME = 60.0
"""Seconds in which two signs of waking are the same waking."""

_SYSTEM: str = sys.platform

LOGIN = Peer("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


@dataclass(frozen=True)
class Look:
    """Two clocks, in seconds. `awake` stands still during sleep where the system has such a clock; `total` does not."""

    awake: float
    total: float


def look() -> Look:
    """The clocks of this system; none of them is the one that people set, but on Windows."""
    if _SYSTEM == "linux":
        return Look(time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))
    if _SYSTEM == "darwin":
        # Python's own clock stands still there; the system's goes on.
        return Look(time.monotonic(), time.clock_gettime(time.CLOCK_MONOTONIC))
    return Look(time.monotonic(), time.time())


def has_slept(before: Look, now: Look) -> bool:
    """Whether the computer slept, or this process stood still, between two looks `EVERY` seconds apart."""
    passed = now.total - before.total
    return passed - (now.awake - before.awake) > ASLEEP or passed > EVERY + LATE


class Wake(QObject):
    """Made, started and stopped on the window's thread. bus: the system's, or None where there is none."""

    woke = Signal()
    _prepared = Signal(object)

    def __init__(self, bus: Bus | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus = bus
        self._before = look()
        self._told: float | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._compare)
        self._prepared.connect(self._take_sleep, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin to look."""
        self._before = look()
        self._timer.start(round(EVERY * 1000))
        if self._bus is not None:
            self._bus.listen(LOGIN, "PrepareForSleep", self._prepared.emit)

    def stop(self) -> None:
        """No signal comes any more."""
        self._timer.stop()

    @Slot()
    def _compare(self) -> None:
        before, self._before = self._before, look()
        if has_slept(before, self._before):
            self._tell()

    @Slot(object)
    def _take_sleep(self, body: tuple[Any, ...]) -> None:
        if body[:1] == (False,) and self._timer.isActive():  # true: it is about to sleep
            self._tell()

    def _tell(self) -> None:
        now = look().total
        if self._told is None or now - self._told > SAME:
            self._told = now
            self.woke.emit()
