"""Who decodes a long log lets the window's thread go first.

Python runs one thread at a time. A thread that computes without a break gives the interpreter away only when somebody
has waited for the switch interval, and drawing a table asks for it some hundred times: together a stutter that people
see. So the window says when it draws, and loops that compute stand still meanwhile, never longer than `LONGEST`.
There is one interpreter and one window in a process, so this is one thing of the process too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LONGEST = 0.05  # seconds: a window that draws without end does not stop the sync

_free = threading.Event()
_free.set()
_inside = 0  # changed on the window's thread only


@contextmanager
def first() -> Iterator[None]:
    """While this lasts, others stand still. On the window's thread only; may be nested."""
    global _inside
    _inside += 1
    _free.clear()
    try:
        yield
    finally:
        _inside -= 1
        if not _inside:
            _free.set()


def give_way() -> None:
    """Called often (every few hundred microseconds) by loops that compute on other threads."""
    if not _free.is_set():
        _free.wait(LONGEST)


class Turns(threading.Semaphore):
    """A semaphore of one that is handed over in the order in which it was asked for: whoever takes it again and again
    for a moment keeps nobody waiting for longer than that. (The system's goes to whoever is quickest.)"""

    def __init__(self) -> None:
        super().__init__(1)
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Wait for it; false where it is not free and may not be waited for, or not for so many seconds."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            if not blocking:
                return False
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        is_mine = False
        try:
            is_mine = mine.acquire(timeout=-1 if timeout is None else timeout)
        finally:
            if not is_mine:
                self._step_back(mine)
        return is_mine

    __enter__ = acquire

    def _step_back(self, mine: threading.Lock) -> None:
        """It is not waited for any longer; it may have been handed over at this moment."""
        with self._guard, suppress(ValueError):
            self._waiting.remove(mine)
            return
        self.release()

    def release(self, n: int = 1) -> None:
        """Hand it over to who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def __exit__(self, *_: object) -> None:
        self.release()
