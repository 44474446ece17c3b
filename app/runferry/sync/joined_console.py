"""The console of a run that has several logs, as one text: what ``output.log`` holds of it.

The official client's file holds its last session only. Here it holds all of them, in the order in which the logs were
begun: those that lie on this disk are read, and what came from elsewhere is asked from the server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from runferry.errors import AppError
from runferry.formats.marker import read_marker
from runferry.formats.readers import Extent, extent
from runferry.sync.source import Source
from runferry.sync.whole_run import Sibling, WholeRun
from runferry.sync.wishes import Wishes, combine

log = logging.getLogger(__name__)


class JoinedConsole:
    """For one log. ask: gives what the server has as ``output.log``; None where it has none."""

    def __init__(self, source: Source, wishes: Wishes, whole: WholeRun, ask: Callable[[], bytes | None]) -> None:
        self._source, self._wishes, self._whole, self._ask = source, wishes, whole, ask
        self._read: dict[int, tuple[Extent, str]] = {}

    def text(self) -> str | None:
        """All lines without times; None where nobody printed anything. Raises AppError where a server has to be asked
        and cannot be."""
        own = self._source.console_text() if self._source.console.line_count else ""
        if self._whole.is_alone:
            return own or None
        pieces = [(self._whole.started, own)]
        is_whole = not self._whole.has_others
        for one in self._whole.siblings:
            text = self._of(one)
            if text is None:
                is_whole = False
            elif one.share is not None:
                pieces.append((one.share.started, text))
        joined = "".join(text for _, text in sorted(pieces, key=lambda each: each[0]))
        if not is_whole:
            joined = behind((self._ask() or b"").decode("utf-8", "replace"), joined)
        return joined or None

    def _of(self, sibling: Sibling) -> str | None:
        """The console of another log on this disk; None where it cannot be read."""
        path = sibling.log
        wishes = combine(self._wishes, read_marker(path.parent))
        if wishes.metrics_only or not wishes.console:
            return ""
        try:
            now = extent(path)
            if self._read.get(sibling.delivery, (None, ""))[0] != now:
                source = Source.alone(path)
                while not source.read(is_over=True).at_end:
                    pass
                if source.identity != sibling.identity:
                    return None
                self._read[sibling.delivery] = (now, source.console_text())
        except (AppError, OSError) as error:
            log.info("%s cannot be read for the console of its run: %s", path, error)
            return None
        return self._read[sibling.delivery][1]


def behind(there: str, ours: str) -> str:
    """What the server has, with our lines behind it as far as they are not there already."""
    if ours in there:  # somebody else's may have come behind them
        return there
    end = len(ours)
    while end > 0 and not there.endswith(ours[:end]):
        end = ours.rfind("\n", 0, end - 1) + 1
    return there + ours[end:]
