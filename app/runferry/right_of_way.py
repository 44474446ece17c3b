"""Who decodes a long log lets the window's thread go first.

Python runs one thread at a time. A thread that computes without a break gives the interpreter away only when somebody
has waited for the switch interval, and drawing a table asks for it some hundred times: together a stutter that people
see. So the window says when it draws, and loops that compute stand still meanwhile, never longer than `LONGEST`.
There is one interpreter and one window in a process, so this is one thing of the process too.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_TURN = 20.0  # seconds: one that decodes has it for a moment
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
    for a moment keeps nobody waiting for longer than that. (The system's goes to whoever is quickest.)

    Who keeps it for longer than `LONGEST_TURN` is stuck, in a drive that does not answer, say: the others go on. Given
    back by the thread that took it.
    """

    def __init__(self, longest: float = LONGEST_TURN) -> None:
        super().__init__(1)
        self._longest = longest
        self._guard = threading.Lock()
        self._holder: int | None = None  # a thread
        self._is_taken = False
        self._since = 0.0
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Wait for it; false where it is not free and may not be waited for, or not for so many seconds."""
        with self._guard:
            if not self._is_taken:
                self._is_taken, self._holder, self._since = True, threading.get_ident(), time.monotonic()
                return True
            if not blocking:
                return False
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        is_mine = False
        try:
            is_mine = mine.acquire(timeout=timeout) if timeout is not None else self._wait(mine)
        finally:
            self._waited(mine, is_mine)
        return is_mine

    def _wait(self, mine: threading.Lock) -> bool:
        while not mine.acquire(timeout=self._longest):
            with self._guard:
                if time.monotonic() - self._since > self._longest:
                    self._hand_over()
        return True

    def _waited(self, mine: threading.Lock, is_mine: bool) -> None:
        with self._guard:
            if is_mine:
                self._holder = threading.get_ident()
            elif mine in self._waiting:
                self._waiting.remove(mine)
            else:  # it was handed over at this moment
                self._hand_over()

    def _hand_over(self) -> None:
        """To who has waited longest; the guard is held."""
        self._holder, self._since = None, time.monotonic()
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self._is_taken = False

    def release(self, n: int = 1) -> None:
        """Give it back; nothing where it was taken away meanwhile."""
        with self._guard:
            if self._holder == threading.get_ident():
                self._hand_over()

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self.release()
