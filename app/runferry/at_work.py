"""Which parts of this process are at work, and which of them get nowhere.

A part (a worker, a sender, the watcher, a task of the window …) says when a turn of its work begins and ends, and what
it is about; whatever moves it on says so (bytes of a log were read, a request was answered, a part of a file was sent).
A turn without progress for longer than any request may take is stuck: that is a fault of ours, or a disk that does not
answer. Who has nothing to do is in no turn, and never stuck.

There is one interpreter in a process, so `AT_WORK` is one thing of the process too.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

PATIENCE = 180.0  # seconds without any progress; a request ends by its timeout before that
ASLEEP = 30.0  # seconds between two looks, after which the computer, or the process, was asleep

T = TypeVar("T")

_here = threading.local()


@dataclass(frozen=True)
class Stuck:
    """A part that gets nowhere. `what`: what it is about, for people; `seconds`: for how long; `threads`: their ids."""

    part: str
    what: str
    seconds: float
    threads: tuple[int, ...]


class _Turn:
    def __init__(self, part: str, what: str, now: Callable[[], float]) -> None:
        self.part, self.what, self.now = part, what, now
        self.moved = now()
        self.threads = [threading.get_ident()]  # more than one where others work for it


class AtWork:
    """The turns that are under way. Safe from all threads. now: seconds that never jump."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._turns: set[_Turn] = set()
        self._looked: float | None = None
        self.patience = PATIENCE

    @contextmanager
    def turn(self, part: str, what: str = "") -> Iterator[None]:
        """While this lasts, this thread works; it is to end, or to make progress, within `patience` seconds."""
        turn, before = _Turn(part, what, self._now), getattr(_here, "turn", None)
        with self._lock:
            self._turns.add(turn)
        _here.turn = turn
        try:
            yield
        finally:
            _here.turn = before
            with self._lock:
                self._turns.discard(turn)
            if before is not None:
                before.moved = self._now()

    def stuck(self) -> list[Stuck]:
        """Parts without progress, the longest first."""
        now = self._now()
        with self._lock:
            found = [
                Stuck(one.part, one.what, now - one.moved, tuple(one.threads))
                for one in self._turns
                if now - one.moved > self.patience
            ]
        return sorted(found, key=lambda one: -one.seconds)

    def under_way(self) -> list[str]:
        """What is at work, in words."""
        with self._lock:
            return sorted(f"{one.part} ({one.what})" if one.what else one.part for one in self._turns)

    def look(self) -> list[Stuck]:
        """The same, asked every few seconds: where the last look is long ago everything slept, and nothing is stuck."""
        now, before = self._now(), self._looked
        self._looked = now
        if before is not None and now - before > ASLEEP:
            with self._lock:
                for one in self._turns:
                    one.moved = now
        return self.stuck()


AT_WORK = AtWork()


def made_progress() -> None:
    """The turn that this thread works in has moved on; nothing where it works in none."""
    turn = getattr(_here, "turn", None)
    if turn is not None:
        turn.moved = turn.now()


def helping(work: Callable[..., T]) -> Callable[..., T]:
    """The same for another thread, which then works in the turn of this one."""
    turn = getattr(_here, "turn", None)
    if turn is None:
        return work

    def helped(*given: object) -> T:
        before, _here.turn = getattr(_here, "turn", None), turn
        turn.threads.append(threading.get_ident())
        try:
            return work(*given)
        finally:
            turn.threads.remove(threading.get_ident())
            turn.moved = turn.now()
            _here.turn = before

    return helped


def stacks(first: tuple[int, ...] = (), are_all: bool = False) -> str:
    """Where every thread of this process stands, as text; those with these ids first. are_all: only those."""
    frames, names = sys._current_frames(), {one.ident: one.name for one in threading.enumerate()}
    order = [*(one for one in first if one in frames), *(one for one in frames if one not in first and not are_all)]
    return "\n".join(
        f"Thread {names.get(one, 'unknown')} ({one}):\n{''.join(traceback.format_stack(frames[one]))}" for one in order
    )
