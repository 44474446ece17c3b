"""Time as a thing that is passed in, so that no test has to sleep."""

from __future__ import annotations

import threading
import time
from typing import Protocol

LONGEST_WAIT = 3600.0
"""Seconds that a thread waits at a time; whoever waits for longer looks again. Waits of years overflow in Python, and a
computer sleeps."""


def bounded(seconds: float) -> float:
    """A wait that a thread can take, from 0 to LONGEST_WAIT; whatever a number from elsewhere (NaN, infinity) says."""
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else LONGEST_WAIT


class Clock(Protocol):
    """What the engine needs of time."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never jump, from an arbitrary start."""

    def wait(self, event: threading.Event, timeout: float) -> bool:
        """Wait until `event` is set or `timeout` seconds passed; tells whether it is set."""


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def wait(self, event: threading.Event, timeout: float) -> bool:
        """Wait for the event, at most `timeout` seconds."""
        return event.wait(bounded(timeout))
