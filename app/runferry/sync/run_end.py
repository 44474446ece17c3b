"""How a run ends on the server: the final summary, the exit code, and what of both the server was told last.

Keeps in the ledger what the server was told. Sends nothing itself.
"""

from __future__ import annotations

import hashlib

from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.sync.source import Source
from runferry.sync.whole_run import WholeRun


class RunEnd:
    """For one log and one run. `closed`: the exit code that the server was told, None while it waits for more."""

    def __init__(self, ledger: Ledger, delivery: Delivery, source: Source, whole: WholeRun) -> None:
        self._ledger, self._delivery, self._source, self._whole = ledger, delivery, source, whole
        self._digest = "" if whole.is_changed_there else delivery.summary_digest
        self.closed = delivery.closed
        self.expected: int | None = None  # the exit code that the server must know, None where it must know none

    def is_outgrown(self) -> bool:
        """Whether a longer copy of this log was delivered: what an old copy says of console and summary is past."""
        position = self._source.reader.position
        return self._ledger.delivery(self._delivery.source, self._delivery.target).position > position

    def has_news(self, summary: str) -> bool:
        """Whether a summary is another one than the server was told."""
        return _digest(summary) != self._digest and summary != "{}"

    def exit_to_tell(self, exit_code: int | None) -> int | None:
        """The exit code if the server does not know it yet; of several logs the last one says how the run ended."""
        self.expected = self._whole.exit_code(exit_code)
        return self.expected if self.expected != self.closed else None

    def told(self, summary: str | None, exit_code: int | None) -> None:
        """The server has taken a summary, an exit code, or both."""
        self._digest = self._digest if summary is None else _digest(summary)
        self.closed = self.closed if exit_code is None else exit_code
        self._ledger.update(self._delivery, summary_digest=self._digest, closed=self.closed)

    def tell_again(self) -> None:
        """The server has another summary or outcome than it was told: both are told once more."""
        self._digest = ""
        self.reopen()

    def reopen(self) -> None:
        """Something is sent after the end: servers take the run for running again, so it is closed again later."""
        if self.closed is not None:
            self.closed = None
            self._ledger.update(self._delivery, closed=None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
