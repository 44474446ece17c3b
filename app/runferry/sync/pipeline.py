"""From a log to an outlet: while one part is sent the next one is read.

What was read and is not sent when something breaks off stays in order, and is sent first the next time. Used by one
thread at a time; the sending goes on in a pool's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from runferry.at_work import helping
from runferry.sync.source import Part, Source


class Replaced(Exception):
    """The log is not the file that was read before."""


class Interrupted(Exception):
    """Somebody paused: what was read stays in order, for the next time."""


class Sink(Protocol):
    """Where parts go."""

    def send(self, part: Part) -> None:
        """Deliver a part. Raises AppError; the same part can then be given again."""


class Pipeline:
    """Moves the parts of one log. `on_sent` is called after each, and `is_paused` tells whether to go on."""

    def __init__(
        self, senders: ThreadPoolExecutor, on_sent: Callable[[], None], is_paused: Callable[[], bool] = lambda: False
    ) -> None:
        self._senders = senders
        self._is_paused = is_paused
        self._on_sent = on_sent
        self._backlog: list[Part] = []  # a few; an empty deque for each of ten thousand runs would cost 8 MB

    def put_back(self, part: Part) -> None:
        """A part that was read elsewhere and has to be sent first; what stands behind it is still to be read."""
        if not part.is_empty:
            part.at_end = False
            self._backlog.append(part)

    def run(self, source: Source, sink: Sink) -> None:
        """Read and send until the end of what is complete. Raises AppError, Replaced or Interrupted."""
        sending: tuple[Future[None], Part] | None = None
        try:
            while True:
                part = self._backlog.pop(0) if self._backlog else source.read()
                if part.is_replaced:
                    if sending is not None:
                        wait([sending[0]])  # how it went does not matter any more
                        sending = None
                    raise Replaced
                if sending is not None:
                    self._backlog.insert(0, part)  # until the one before it has arrived
                    waiting, sending = sending, None
                    self._wait_for(*waiting)
                    if self._is_paused():
                        raise Interrupted
                    part = self._backlog.pop(0)
                if part.at_end:
                    self.send(sink, part)
                    return
                sending = (self._senders.submit(helping(sink.send), part), part)
        finally:
            if sending is not None:  # reading failed meanwhile
                self._wait_for(*sending)

    def send(self, sink: Sink, part: Part) -> None:
        """Send one part on this thread."""
        try:
            sink.send(part)
        except BaseException:
            self._backlog.insert(0, part)
            raise
        self._on_sent()

    def _wait_for(self, future: Future[None], part: Part) -> None:
        try:
            future.result()
        except BaseException:
            self._backlog.insert(0, part)
            raise
        self._on_sent()
