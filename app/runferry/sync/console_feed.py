"""Console lines on their way: taken from the terminal when they change, kept until the server has them."""

from __future__ import annotations

from runferry.formats.readers import extent
from runferry.remote.file_stream import console_line
from runferry.state.delivery import Delivery
from runferry.sync.source import Source

WINDOW = 32  # lines that a terminal may still rewrite


class ConsoleFeed:
    """The console of one log. `take`, send, `arrived`; without `arrived` the same lines are given again."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._taken: list[tuple[int, list[str]]] = []

    def take(self, acknowledged: int, delivery: Delivery) -> list[tuple[int, list[str]]]:
        """Stretches of lines, each from its line number, as servers expect them.

        Reading starts at the front of a log, so most lines of a log that was sent before are known to the server:
        only those that the terminal could still rewrite are sent again, and none of a log that was verified as it is.
        """
        settled = acknowledged
        if extent(self._source.log).size != delivery.verified_size:
            settled -= WINDOW
        while taken := self._source.console.take_changed():
            lines = [(index, line) for index, line in taken if index >= settled]
            if lines:
                texts = [console_line(line.text, line.is_stderr, line.timestamp) for _, line in lines]
                self._taken.append((lines[0][0], texts))
        return self._taken

    def arrived(self) -> None:
        """What was taken is acknowledged."""
        self._taken = []
