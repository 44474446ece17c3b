"""The last attempts to reach a server, for people who want to know what was tried and how it went."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from runferry.status import Attempt

KEPT = 50


class Attempts:
    """Of many successes in a row only the first and the latest are kept. One thread at a time."""

    def __init__(self) -> None:
        self._kept: deque[Attempt] = deque(maxlen=KEPT)

    def add(self, attempt: Attempt) -> None:
        """One more, later than all others."""
        kept = self._kept
        if attempt.ok and len(kept) > 1 and kept[-1].ok and kept[-2].ok:
            attempt = replace(attempt, count=kept[-1].count + 1)
            kept.pop()
        kept.append(attempt)

    def newest_first(self) -> tuple[Attempt, ...]:
        """All that are kept."""
        return tuple(reversed(self._kept))
