"""The loop of a thread that looks now and then: nothing that goes wrong in one look is its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from runferry.at_work import AT_WORK
from runferry.clock import Clock, bounded

log = logging.getLogger(__name__)

AFTER_FAULT = 5.0  # seconds until the look after one that failed


def keep_looking(
    part: str, tick: Callable[[], float], wake: threading.Event, stopped: threading.Event, clock: Clock
) -> None:
    """Look until stopped. part: what that is, for people. tick: one look; when the next one is due (monotonic).
    wake: look at once."""
    while not stopped.is_set():
        wake.clear()
        try:
            with AT_WORK.turn(part):
                again = tick()
        except Exception:  # nobody else looks
            log.exception("a look at the folders failed")
            again = clock.monotonic() + AFTER_FAULT
        clock.wait(wake, bounded(again - clock.monotonic()))
