"""One at a time: the lock of a run, which also holds when the thread that has it is interrupted.

A signal handler, a finalizer or a value's own method may call the recorder while the same thread is in the middle of a
record. Such calls wait until that record is done; they neither deadlock nor cut into it.
"""

from __future__ import annotations

import threading
from typing import Callable, ContextManager

from runferry.recorder.faults import Faults


class Turns:
    """Actions that run alone. Nothing that an action raises reaches the caller: it is counted in `faults`."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._lock = threading.RLock()
        self._inside = False
        self._waiting: list[Callable[[], object]] = []

    def do(self, action: Callable[[], object], timeout: float = -1) -> bool:
        """Run `action` alone, or, when this thread is in the middle of a record, right after it.

        False when another thread did not let go within `timeout` seconds (-1: wait), or the action failed.
        """
        if not self._lock.acquire(timeout=timeout):
            return False
        try:
            if self._inside:
                self._waiting.append(action)
                return True
            self._inside = True
            try:
                done = self.faults.guard("record-failed", action)
            finally:
                self._inside = False
        finally:
            self._lock.release()
        if self._waiting:
            self._do_waiting()
        return done

    def _do_waiting(self) -> None:
        while self._waiting and not self._inside:
            try:
                action = self._waiting.pop(0)
            except IndexError:  # another thread was quicker
                return
            self.do(action)

    def alone(self) -> ContextManager[object]:
        """The lock itself."""
        return self._lock

    def restart(self) -> None:
        """In a forked child: the lock may have been held by a thread that does not exist here."""
        self._lock = threading.RLock()
        self._inside = False
        self._waiting = []
