"""Which rows of a log does a server have already? Found by reading the server's rows back, when the ledger is lost.

Only asked at the first meeting of a log and a run that has rows which nobody can account for. It never guesses: what
cannot be told for sure is said to be unsure, so that nothing is sent twice.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.remote.answers import Unreadable, recorded, row
from runferry.remote.failures import GraphQLRefused
from runferry.remote.runs import RemoteRun
from runferry.sync.source import Source

AHEAD = 1000  # rows of the log that are looked for behind the one that is expected next
PAGE = 1000  # steps
MOST_PAGES = 2000
LAST_STEP = 2**53

ReadBack = Callable[[int, int, int], list[str]]  # rows of the server with first <= step < second, at most third


@dataclass(frozen=True)
class Before:
    """What stands in a log before a byte: lines per stream, and the numbers of the alerts."""

    lines: dict[str, int]
    alerts: list[int]


@dataclass(frozen=True)
class Found:
    """The first `rows` of the log stand on the server from line `offset`; the first of them has `step` there.

    `next_place`: the byte where the next row of the log begins, None where there is none. `is_sure`: no other row of
    the log can be there.
    """

    rows: int
    offset: int
    step: int | None
    next_place: int | None
    is_sure: bool
    is_renumbered: bool  # its rows have other steps on the server than in the log


def find(log: Path, permit: threading.Semaphore, remote: RemoteRun, read_back: ReadBack) -> Found:
    """Compare the rows of a log with those of the server. Raises AppError when the server cannot be asked."""
    ours = _Ahead(Source(log, permit))
    seen = rows = offset = 0
    last, step, is_sure, is_renumbered = "", None, True, False
    try:
        for text in _rows(remote, ours.last_step(), read_back):
            key, expected = key_of(text), ours.next_step
            if ours.take(key):
                is_renumbered = is_renumbered or step_of(text) != expected
                if not rows:
                    offset, step = seen, step_of(text)
                rows, last = rows + 1, key
            elif ours.has(key):
                is_sure = False
            seen += 1
    except GraphQLRefused:
        seen = 0
    if rows and remote.history_tail and key_of(remote.history_tail[-1]) == last:
        offset = remote.lines["history"] - rows
    is_whole = ours.is_done
    is_sure = is_sure and (is_whole or seen >= remote.lines["history"])
    return Found(rows, offset, step, None if is_whole else ours.next_place, is_sure, is_renumbered)


def before(log: Path, permit: threading.Semaphore, place: int | None) -> Before:
    """What stands before a byte at which a row begins; None: all."""
    source = Source(log, permit)
    while not source.read(stop=place).at_end and (place is None or source.reader.position < place):
        pass
    return Before(
        {**source.counts, "console": source.console.line_count}, [alert.index for alert in source.extras.alerts]
    )


def place_of_row(log: Path, permit: threading.Semaphore, number: int) -> int | None:
    """The byte where a row of the log begins; None where the log has no such row."""
    source = Source(log, permit)
    while True:
        part = source.read()
        places, index = part.places.get("history", []), number - part.first["history"]
        if 0 <= index < len(places):
            return places[index]
        if part.at_end:
            return None


def key_of(text: str) -> str:
    """The same for a row in the log and on the server; a resumed run's rows may have other steps there."""
    try:
        row = recorded(text)
        if isinstance(row, dict) and "_timestamp" in row:
            row.pop("_step", None)
        return json.dumps(_plain(row), sort_keys=True)
    except (Unreadable, RecursionError):
        return text


def step_of(text: str) -> int | None:
    """The step of a row; None where it has none."""
    return step_in(row(text))


def step_in(values: Mapping[str, Any]) -> int | None:
    """The step among a row's values, or a summary's; None where there is none that a server could count to."""
    step = values.get("_step")
    return step if isinstance(step, int) and not isinstance(step, bool) and 0 <= step < LAST_STEP else None


class _Ahead:
    """The next rows of a log, as keys."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows: deque[tuple[str, int | None, int | None]] = deque()
        self._keys: Counter[str] = Counter()
        self._is_read = False
        self._last_step = 0

    @property
    def is_done(self) -> bool:
        """Whether every row of the log was found."""
        self._fill()
        return not self._rows

    @property
    def next_place(self) -> int | None:
        """The byte where the next row begins; None where that is not known."""
        self._fill()
        return self._rows[0][1] if self._rows else None

    @property
    def next_step(self) -> int | None:
        """The step of the next row, as the log has it."""
        return self._rows[0][2] if self._rows else None

    def last_step(self) -> int:
        """The highest step among the rows that were read so far."""
        self._fill()
        return self._last_step

    def take(self, key: str) -> bool:
        """Whether this is the next row; then the one behind it is the next."""
        self._fill()
        if not self._rows or self._rows[0][0] != key:
            return False
        self._rows.popleft()
        self._keys[key] -= 1
        return True

    def has(self, key: str) -> bool:
        """Whether this is one of the next rows."""
        return self._keys[key] > 0

    def _fill(self) -> None:
        while len(self._rows) < AHEAD and not self._is_read:
            part = self._source.read()
            self._is_read = part.at_end
            places: list[Any] = part.places.get("history") or [None] * len(part.history)
            for text, place, step in zip(part.history, places, part.steps, strict=True):
                key = key_of(text)
                self._rows.append((key, place, step))
                self._keys[key] += 1
                self._last_step = max(self._last_step, step or 0)


def _rows(remote: RemoteRun, last_step: int, read_back: ReadBack) -> Iterator[str]:
    """The server's rows, by pages of steps; ends when all were given."""
    tail = step_of(remote.history_tail[-1]) if remote.history_tail else None
    last = max(last_step, tail or 0, step_in(remote.summary) or 0)
    width = max(PAGE, last // MOST_PAGES)
    starts = [*range(0, last + 1, width), last + 1]
    seen = 0
    for start, end in zip(starts, [*starts[1:], LAST_STEP], strict=True):
        page = read_back(start, end, width)
        seen += len(page)
        yield from page
        if seen >= remote.lines["history"]:
            return


def _plain(value: Any) -> Any:
    """Numbers and NaN in one form each: 1 and 1.0 are the same."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
