"""Steps of a run that was resumed while offline: they go on where the server's run stands.

The rule is the official client's: ``new = max(recorded, previous new + 1)``, the first one at least the starting
step. The log itself is never changed.
"""

from __future__ import annotations

import json

from runferry.formats.json_text import dumps
from runferry.remote.answers import row
from runferry.remote.runs import RemoteRun
from runferry.sync.reading_back import step_in


def starting_step(remote: RemoteRun) -> int:
    """The first step that a resumed run may use: behind the last row that the server has."""
    if not remote.lines["history"]:
        return 0
    tail = row(remote.history_tail[-1]) if remote.history_tail else {}
    last = step_in(tail if "_step" in tail else remote.summary)
    return remote.lines["history"] if last is None else last + 1


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
