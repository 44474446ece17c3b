"""Work in small pieces on the window's thread: one piece for each turn of the event loop, and rests between rounds.

However much there is to draw, other events come in between, and drawing takes at most a third of the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_SHARE = 3  # of the time: one part of work, the others rest
ROUND = 0.1  # seconds between two rounds, at least


class Pace(QObject):
    """Calls `work` until it says that nothing is left, at most ten rounds a second; `start` when there is something."""

    def __init__(self, work: Callable[[], bool], parent: QObject, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._work, self._now = work, now
        self._spent, self._next = 0.0, 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """There is something to do: at once, or when the rest after the last round is over."""
        if not self._timer.isActive():
            self._timer.start(max(0, round(1000 * (self._next - self._now()))))

    def stop(self) -> None:
        """Nothing more is done until `start`."""
        self._timer.stop()

    @property
    def busy(self) -> bool:
        """Whether something is still to be done."""
        return self._timer.isActive()

    def _turn(self) -> None:
        began = self._now()
        more = self._work()
        self._spent += self._now() - began
        if more:
            self._timer.start(0)
            return
        self._next = self._now() + max(ROUND, (_SHARE - 1) * self._spent)
        self._spent = 0.0
