"""Who decodes a long log lets the window's thread go first.

Python runs one thread at a time. A thread that computes without a break gives the interpreter away only when somebody
has waited for the switch interval, and drawing a table asks for it some hundred times: together a stutter that people
see. So the window says when it draws, and loops that compute stand still meanwhile, never longer than `LONGEST`.
There is one interpreter and one window in a process, so this is one thing of the process too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
