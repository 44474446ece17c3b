"""How many turns each server has at a time: one that is slow, or means ill, must not take all of them.

So many turns as the setting says are given in all; and a server that has none gets one beyond that, always.
"""

from __future__ import annotations

from collections import Counter


class Shares:
    """Counts turns by server. Not for two threads at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._held: Counter[int] = Counter()
        self._known: set[int] = set()

    def may_take(self, server: int) -> bool:
        """Whether a server may have one more."""
        return self._held[server] == 0 or self._held.total() < self.most

    def take(self, server: int) -> None:
        """It has one more."""
        self._known.add(server)
        self._held[server] += 1

    def give_back(self, server: int) -> None:
        """It has one less."""
        self._held[server] -= 1

    @property
    def threads(self) -> int:
        """How many threads there may be, so that one is left for a server that nobody has heard of."""
        return self.most + len(self._known) + 1
