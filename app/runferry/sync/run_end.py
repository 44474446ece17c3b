"""How a run ends on the server: the final summary, the exit code, and which of several logs of one run tells them.

Keeps in the ledger what the server was told last. Sends nothing itself.
"""

from __future__ import annotations

import hashlib

from runferry.formats.summary import final_summary_json
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.source import Source


class RunEnd:
    """For one log and one run. `closed`: the exit code that the server was told, None while it waits for more."""

    def __init__(self, ledger: Ledger, delivery: Delivery, source: Source) -> None:
        self._ledger, self._delivery, self._source = ledger, delivery, source
        self._digest = delivery.summary_digest
        self._summary: tuple[int, str] | None = None
        self.closed = delivery.closed

    def newer(self) -> Delivery | None:
        """A later log of the same run (it was resumed): summary, exit code and files made from the log are its."""
        return self._ledger.newer(self._delivery, self._source.reader.content.run.start_time or 0.0)

    def is_outgrown(self) -> bool:
        """Whether a longer copy of this log was delivered: what an old copy says of console and summary is past."""
        position = self._source.reader.position
        return self._ledger.delivery(self._delivery.source, self._delivery.target).position > position

    def final_summary(self) -> str:
        """By the summary records, and by the rows behind the last of them; made once per state of the log."""
        reader = self._source.reader
        if self._summary is None or self._summary[0] != reader.position:
            self._summary = (reader.position, final_summary_json(reader.path, reader.content, reader.position))
        return self._summary[1]

    def has_news(self, summary: str) -> bool:
        """Whether a summary is another one than the server was told, and is ours to tell."""
        return _digest(summary) != self._digest and summary != "{}" and self.newer() is None

    def exit_to_tell(self, exit_code: int | None) -> int | None:
        """The exit code if the server does not know it yet; the newest log of the run says how it ended."""
        newer = self.newer()
        if exit_code is None or (newer is not None and newer.closed is None):
            return None  # it goes on, or the newer log's own sync ends it
        told = newer.closed if newer is not None else exit_code
        return told if told != self.closed else None

    def told(self, summary: str | None, exit_code: int | None) -> None:
        """The server has taken a summary, an exit code, or both."""
        self._digest = self._digest if summary is None else _digest(summary)
        self.closed = self.closed if exit_code is None else exit_code
        self._ledger.update(self._delivery, summary_digest=self._digest, closed=self.closed)

    def reopen(self) -> None:
        """Something is sent after the end: servers take the run for running again, so it is closed again later."""
        if self.closed is not None:
            self.closed = None
            self._ledger.update(self._delivery, closed=None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
