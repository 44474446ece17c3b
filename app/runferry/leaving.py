"""A part that is stuck does not hold up the end of the process.

Whoever ends the parts calls `begin` before and `ended` after it; what has not ended after a grace is named, and the
process ends without it: everything that counts is in the ledger by then. Only in a process of our own, which `ours`
says; not where somebody calls the command line from a program of theirs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable

from runferry.at_work import AT_WORK, stacks
from runferry.inert import inert

GRACE = 20.0  # seconds; the parts' own graces are shorter
LAST = 3.0  # seconds for what is done in any case

log = logging.getLogger(__name__)

_is_ours = False
_lastly: list[Callable[[], object]] = []
_over: threading.Event | None = None


def ours() -> None:
    """This process is Runferry and nothing else."""
    global _is_ours
    _is_ours = True


def begin(grace: float = GRACE, lastly: Callable[[], object] | None = None) -> None:
    """The parts end from now on; called again it goes on. lastly: done before the process ends without them."""
    global _over
    if lastly is not None:
        _lastly.append(lastly)
    if _is_ours and _over is None:
        _over = threading.Event()
        threading.Thread(target=_end, args=(grace, _over), name="leaving", daemon=True).start()


def is_begun() -> bool:
    """Whether the parts are ending, within their grace."""
    return _over is not None


def ended() -> None:
    """They did."""
    global _over
    _lastly.clear()
    over, _over = _over, None
    if over is not None:
        over.set()


def _end(grace: float, over: threading.Event) -> None:
    if over.wait(grace):
        return
    names = _left()
    log.error("Ending without %s.", names, extra={"below": stacks()})
    for work in list(_lastly):  # as a thread: it may be what is stuck
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(LAST)
    with contextlib.suppress(Exception):
        sys.stderr.write(f"runferry: ended without {inert(names)}, which did not end within {grace:g} seconds.\n")
        sys.stderr.flush()
        sys.stdout.flush()
    os._exit(1)


def _left() -> str:
    """What still works, in words: the parts, else the threads."""
    parts = AT_WORK.under_way()
    own = (threading.main_thread(), threading.current_thread())
    threads = [one.name for one in threading.enumerate() if one not in own and not one.daemon]
    return "; ".join(parts) or ", ".join(threads) or "its main thread"
