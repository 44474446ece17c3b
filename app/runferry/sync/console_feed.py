"""Console lines on their way: taken from the terminal when they change, kept until the server has them.

A training may print for weeks: what the server has and what no terminal can rewrite is not kept in memory.
"""

from __future__ import annotations

from itertools import groupby

from runferry.formats.console import WINDOW, ConsoleLine
from runferry.formats.readers import extent
from runferry.remote.file_stream import console_line
from runferry.state.delivery import Delivery
from runferry.sync.source import Source

Numbered = tuple[int, ConsoleLine]


class ConsoleFeed:
    """The console of one log. `take`, send, `arrived`; without `arrived` the same lines are given again."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._taken: list[tuple[int, list[str]]] = []
        self._is_first = True

    def take(self, acknowledged: int, delivery: Delivery) -> list[tuple[int, list[str]]]:
        """Stretches of lines, each from its line number, as servers expect them.

        Reading starts at the front of a log, so most lines of a log that was sent before are known to the server: of
        these only those that a terminal could still rewrite are sent again, and none of a log that was verified as it
        is. What changes after that is sent, however far back in the list it stands.
        """
        changed: list[Numbered] = []
        while taken := self._source.console.take_changed():
            changed += taken
        if self._is_first:
            is_settled = extent(self._source.log).size == delivery.verified_size
            changed = _news(changed, acknowledged, 0 if is_settled else WINDOW)
        self._is_first = False
        for _, stretch in groupby(enumerate(changed), lambda each: each[1][0] - each[0]):
            lines = [line for _, line in stretch]
            texts = [console_line(line.text, line.is_stderr, line.timestamp) for _, line in lines]
            self._taken.append((lines[0][0], texts))
        return self._taken

    def arrived(self) -> None:
        """What was taken is acknowledged."""
        self._taken = []

    def forget(self, is_wanted: bool) -> None:
        """Keep only lines that a terminal may still rewrite, and those that were not taken yet if they are wanted."""
        console = self._source.console
        while not is_wanted and console.take_changed():
            pass
        console.drop_before(console.line_count)


def _news(lines: list[Numbered], acknowledged: int, window: int) -> list[Numbered]:
    """Those behind the acknowledged ones, and the last `window` of each terminal's before them."""
    known = [each for each in lines if each[0] < acknowledged]
    reach: list[Numbered] = []
    if window:
        for is_stderr in (False, True):
            reach += [each for each in known if each[1].is_stderr is is_stderr][-window:]
    return sorted(reach, key=lambda each: each[0]) + lines[len(known) :]
