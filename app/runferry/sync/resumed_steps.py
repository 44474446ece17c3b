"""Steps of a run that was resumed while offline: they go on where the server's run stands.

The rule is the official client's: ``new = max(recorded, previous new + 1)``, the first one at least the starting
step. The log itself is never changed.
"""

from __future__ import annotations

import json
from typing import Any

from runferry.formats.json_text import dumps
from runferry.remote.runs import RemoteRun

FIRST_NO_STEP = 2**62  # no training goes that far; beyond, the next steps would be no numbers that servers take


def starting_step(remote: RemoteRun) -> int:
    """The first step that a resumed run may use: behind the last row that the server has."""
    if not remote.lines["history"]:
        return 0
    last: Any = remote.summary.get("_step")
    if remote.history_tail:
        try:
            last = json.loads(remote.history_tail[-1]).get("_step", last)
        except (ValueError, AttributeError):
            pass
    is_step = isinstance(last, int) and not isinstance(last, bool) and 0 <= last < FIRST_NO_STEP
    return last + 1 if is_step else remote.lines["history"]


class Renumber:
    """Gives each row of one log, from the front, the step it has on the server."""

    def __init__(self, start: int) -> None:
        self._next = start

    def rows(self, lines: list[str], steps: list[int | None]) -> list[str]:
        """The rows with their new steps; rows that keep theirs come back as they are."""
        return [self._row(line, step) for line, step in zip(lines, steps, strict=True)]

    def _row(self, line: str, step: int | None) -> str:
        new = self._next if step is None else max(step, self._next)
        self._next = new + 1
        if new == step:
            return line
        row = json.loads(line)
        row["_step"] = new
        return dumps(row)
