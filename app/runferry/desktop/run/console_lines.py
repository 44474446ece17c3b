"""The lines that a console keeps, and how many of them its view shows already. No Qt."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True)
class ConsoleLine:
    """One line as it looks now, escape sequences included. `when`: seconds since the epoch, where that is known."""

    text: str
    when: float | None = None


class ConsoleLines:
    """At most `most` lines, the last ones. Lines are numbered from 0 on; numbers stay when old lines are dropped.

    `valid`: the view shows the lines before this number rightly.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: deque[ConsoleLine] = deque(maxlen=most)
        self.end = 0
        self.valid = 0

    @property
    def start(self) -> int:
        """The number of the first line that is kept."""
        return self.end - len(self._kept)

    def append(self, lines: Sequence[ConsoleLine]) -> None:
        """More lines at the end."""
        self._kept.extend(lines[-self.most :])
        self.end += len(lines)

    def replace_from(self, number: int, lines: Sequence[ConsoleLine]) -> None:
        """From this number on there are these lines, and nothing behind them. A gap before it drops what was before."""
        if number > self.end or number < self.start:
            skipped = max(0, self.start - number) if number < self.start else 0
            if number > self.end or skipped >= len(lines):
                self._kept.clear()
                self.end, self.valid = number, min(self.valid, number)
                self.append(lines)
                return
            number, lines = number + skipped, lines[skipped:]
        same = self._same(number, lines)
        number, lines = number + same, lines[same:]
        while self.end > number:
            self._kept.pop()
            self.end -= 1
        self.valid = min(self.valid, number)
        self.append(lines)

    def _same(self, number: int, lines: Sequence[ConsoleLine]) -> int:
        """How many of the lines are there already, word for word."""
        count = 0
        for old, new in zip(islice(self._kept, number - self.start, None), lines, strict=False):
            if old != new:
                break
            count += 1
        return count

    def clear(self) -> None:
        """Forget everything; numbers begin at 0 again."""
        self._kept.clear()
        self.end = self.valid = 0

    def kept(self) -> Iterator[ConsoleLine]:
        """All that there are, from the first one on."""
        return iter(self._kept)

    def due(self, most: int) -> list[ConsoleLine]:
        """The next lines that the view lacks."""
        first = max(self.valid, self.start) - self.start
        return list(islice(self._kept, first, first + most))
