"""What a log says that nobody can take in: a value that is no JSON, one nested a thousand deep, a time of no calendar.

Each costs itself, is counted, and is told with the log's gaps. A log may come from anywhere.
"""

from __future__ import annotations

import re

from runferry.counted import count_of
from runferry.inert import inert

DEEPEST = 100
"""Levels: of labels in a key, and of objects and lists in a value. What walks through values calls itself per level."""

NO_JSON = "value", "no JSON"
TOO_DEEP = "value", f"nested deeper than {DEEPEST} levels"
NO_TIME = "time", "of no calendar"
NO_RECORD = "record", "not to be understood"
NO_EXIT_CODE = "exit code", "beyond what systems have"
UNWRITTEN = "record", "its training could not write it (see the lines of runferry in the console)"
UNKNOWN = "record", "of a kind that this version does not know"

Reason = tuple[str, str]

_LONGEST = 60  # characters of a key that are told
_NESTING = re.compile(r'"(?:[^"\\]+|\\.)*"|[\[{]|[\]}]', re.DOTALL)
LAST_SECOND = 253_402_300_799  # 31 December 9999


class Odd(ValueError):
    """One value that cannot be taken in; `where`: its key."""

    def __init__(self, reason: Reason, where: str = "") -> None:
        super().__init__(reason)
        self.reason, self.where = reason, where


class OddValues:
    """Counts them by reason, and keeps where the first of each was."""

    def __init__(self) -> None:
        self._found: dict[Reason, tuple[int, str]] = {}

    def note(self, reason: Reason, where: str = "", count: int = 1) -> None:
        """One more, or so many. where: its key, or what it belongs to."""
        before, first = self._found.get(reason, (0, where))
        self._found[reason] = (before + count, first)

    def take(self, odd: Odd) -> None:
        """The same for one that was raised."""
        self.note(odd.reason, odd.where)

    def count(self, *reasons: Reason) -> int:
        """How many there were of these reasons."""
        return sum(self._found.get(one, (0, ""))[0] for one in reasons)

    def details(self) -> list[str]:
        """A line per reason, for people."""
        return [
            f"{count_of(count, what)} left out: {why}" + (f" (first: {_shortened(where)})" if where else "")
            for (what, why), (count, where) in self._found.items()
        ]


def _shortened(where: str) -> str:
    text = inert(where[: _LONGEST + 1])
    return text if len(where) <= _LONGEST else f"{text[:_LONGEST]}…"


def is_too_deep(text: str | bytes) -> bool:
    """Whether JSON text has more than `DEEPEST` objects and lists inside each other."""
    if len(text) <= 2 * DEEPEST:  # each level has an end, too
        return False
    one, other = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    if text.count(one) + text.count(other) <= DEEPEST:  # type: ignore[arg-type]
        return False
    depth = 0
    for found in _NESTING.finditer(text.decode("utf-8", "replace") if isinstance(text, bytes) else text):
        first = found[0][0]
        if first in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif first in "]}":
            depth -= 1
    return False
