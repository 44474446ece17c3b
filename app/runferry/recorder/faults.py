"""What went wrong while recording: counted, told once to the person, and kept for the log.

The training never sees an exception of ours after `init`; it comes here instead. This module must never raise, nor
print through a stream that is being recorded.
"""

from __future__ import annotations

import os
from typing import Callable

from runferry.recorder.terminal import say


class Faults:
    """Counts by kind (``rows-lost``, ``value-as-text``, …) and the notes that the log still has to be told."""

    def __init__(self, silent: bool = False) -> None:
        self.silent = silent
        self.counts: dict[str, int] = {}
        self.notes: list[str] = []

    def note(self, kind: str, message: str, quiet: bool = False) -> None:
        """Count `kind`; the first of its kind is printed (unless `quiet`) and kept for the log."""
        seen = self.counts.get(kind, 0)
        self.counts[kind] = seen + 1
        if seen:
            return
        self.notes.append(message)
        if not quiet and not self.silent:
            say(message, warning=True)

    def tell(self, message: str) -> None:
        """Keep a sentence for the log without counting anything."""
        self.notes.append(message)

    def take_notes(self) -> list[str]:
        """What the log has to be told, once."""
        notes, self.notes = self.notes, []
        return notes

    def guard(self, kind: str, action: Callable[[], object]) -> bool:
        """Run `action`; an exception is counted under `kind`. Tells whether it went well."""
        try:
            action()
        except Exception as problem:  # noqa: BLE001 - nothing of ours may reach the training
            self.note(kind, describe(problem))
            return False
        return True


def describe(problem: BaseException) -> str:
    """An exception in a few words; for the disk's errors what the system calls them."""
    if isinstance(problem, OSError) and problem.errno:
        where = f" ({problem.filename})" if problem.filename else ""
        return os.strerror(problem.errno) + where
    return f"{type(problem).__name__}: {problem}"
