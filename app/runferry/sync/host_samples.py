"""The app's own measurements on their way to a run on a server: each line once, in line ranges of their own.

They stand among the run's events on the server, at places that the ledger gave them before they were sent, so that
they never take the place of events that a log holds itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from runferry.regular_files import open_below
from runferry.remote.file_stream import Lines, StreamRequest
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.state.sample_lines import SamplePosition
from runferry.state.samples import SampleFile, parsed
from runferry.sync.events_there import EventsThere
from runferry.sync.means import Means
from runferry.sync.source import Source
from runferry.sync.wishes import Wishes

log = logging.getLogger(__name__)

AT_ONCE = 1 << 20  # bytes of a file that are read, and sent, at once
NOTHING = SamplePosition(0, 0)


class HostSamples:
    """Delivers the measurements of one run to one server.

    reopen: called before something is sent, which a server takes for a sign that the run goes on.
    there: the events that the server had when it was asked first, so that after a loss of the ledger nothing is sent
    again.
    """

    def __init__(
        self,
        means: Means,
        delivery: Delivery,
        source: Source,
        wishes: Wishes,
        reopen: Callable[[], None],
        post: Callable[[StreamRequest], None],
        there: EventsThere,
    ) -> None:
        self._ledger, self._samples, self._source = means.ledger, means.samples, source
        self._delivery, self._reopen, self._post, self._there = delivery, reopen, post, there
        self._is_wanted = not wishes.metrics_only

    def _files(self) -> Sequence[SampleFile]:
        if not self._is_wanted:
            return ()
        return self._samples.files(self._source.identity, self._source.log.parent)

    @property
    def is_due(self) -> bool:
        """Whether there is something to send."""
        return any(has_more(self._ledger, self._delivery, one) for one in self._files())

    def deliver(self) -> None:
        """Send what is new, and commit. Raises AppError; what was sent before counts."""
        for file in self._files():
            position = self._ledger.sample_position(self._delivery, file.kind)
            if position is None:
                position = self._known_to_server(file)
                if position != NOTHING:
                    self._ledger.samples_sent(self._delivery, file.kind, position)
            while True:
                lines, end = _read(file.path, position)
                if end == position.bytes:
                    break
                self._send(file, position, lines)
                position = SamplePosition(position.lines + len(lines), end)
                self._ledger.samples_sent(self._delivery, file.kind, position)

    def _send(self, file: SampleFile, position: SamplePosition, lines: list[str]) -> None:
        if not lines:
            return
        self._reopen()
        for place in self._ledger.place(self._delivery, "events", position.lines, len(lines), file.kind):
            start = place.first - position.lines
            content = lines[start : start + place.count]
            self._post(StreamRequest(lines=[Lines("events", place.server_first, content, place.first)]))

    def _known_to_server(self, file: SampleFile) -> SamplePosition:
        """What the server has of a file that the ledger does not know: up to the last line that is there."""
        known, lines, size = NOTHING, 0, 0
        for line in _all_lines(file.path):
            size += len(line)
            if (event := parsed(line)) is not None:
                lines += 1
                if self._there.has(event):
                    known = SamplePosition(lines, size)
        return known


def has_more(ledger: Ledger, delivery: Delivery, file: SampleFile) -> bool:
    """Whether a file has lines that were not delivered."""
    position = ledger.sample_position(delivery, file.kind) or NOTHING
    return _read(file.path, position)[1] > position.bytes


def _all_lines(path: Path) -> Iterator[bytes]:
    """Every complete line, with its end."""
    try:
        with open_below(path.parent, path.name) as file:
            yield from (line for line in file if line.endswith(b"\n"))
    except OSError as error:
        log.debug("%s cannot be read: %s", path, error)


def _read(path: Path, position: SamplePosition) -> tuple[list[str], int]:
    """Complete lines from a position on, without those that are no measurements; and where the last one ends."""
    try:
        if path.stat().st_size <= position.bytes:
            return [], position.bytes
        with open_below(path.parent, path.name) as file:
            file.seek(position.bytes)
            data = file.read(AT_ONCE)
            if b"\n" not in data:
                data += file.readline()
    except OSError as error:
        log.debug("%s cannot be read: %s", path, error)
        return [], position.bytes
    complete = data[: data.rfind(b"\n") + 1]
    lines = [line.decode() for line in complete.split(b"\n")[:-1] if parsed(line) is not None]
    return lines, position.bytes + len(complete)
