"""A file of JSON lines, read as far as its lines are complete, past any damage.

A line that is no JSON object is searched for the rows in it whose bytes are intact (two lines whose line break was
lost, a row behind garbage); what is left over is reported with its place. Never raises on bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runferry.formats.odd_values import DEEPEST, is_too_deep
from runferry.regular_files import NotRegular, open_below
from runferry.wire.scanning import Lost, next_data

REASON = "not a row"
ZEROS = "zeros"
NOT_A_FILE = "a link, or no file: not read"
LONGEST = 32 << 20  # bytes of a line; what is longer is no row that any server takes
_MARK = 256  # bytes before the position by which the file is known again
MOST_TRIES = 10_000  # places in one damaged line at which a row may begin: each costs up to the rest of the line
_PAGE = bytes(4096)
_DECODER = json.JSONDecoder()


class Line(NamedTuple):
    """One row: its text, step and keys, and the byte where it begins; or what was lost in its place."""

    text: str
    step: int | None = None
    keys: tuple[str, ...] = ()
    lost: Lost | None = None
    place: int = 0


class LineFile:
    """One file that may grow and need not be there. `torn`: bytes of an incomplete last line of a finished file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0
        self.torn = 0
        self._mark = b""
        self._is_refused = False  # a link, or no file, stands there; told once

    def is_same(self) -> bool:
        """False for a file that was truncated, rewritten or taken away since the last read."""
        if not self.position:
            return True
        try:
            with open_below(self.path.parent, self.path.name) as file:
                file.seek(self.position - len(self._mark))
                return file.read(len(self._mark)) == self._mark
        except (FileNotFoundError, NotRegular):
            return False

    def read(self, limit: int, finished: bool) -> tuple[list[Line], bool]:
        """Complete lines in about `limit` more bytes, and whether nothing more is complete. Of a line beyond all
        measure a part is reported as lost."""
        if limit <= 0:
            return [], False
        try:
            with open_below(self.path.parent, self.path.name) as file:
                file.seek(self.position)
                data = file.read(limit)
                if not data.endswith(b"\n"):
                    data += file.readline(LONGEST)
                there = file.tell()
                is_too_long = len(data) >= LONGEST and b"\n" not in data
                if is_too_long and data.endswith(_PAGE):
                    there = max(next_data(file, there), there)
                    file.seek(there)
                at_end = not file.read(1)
                is_last = finished and at_end and not data.endswith(b"\n")
                cut = len(data) if is_last or is_too_long else data.rfind(b"\n") + 1
                lines = list(self._lines(data[:cut], is_last and not is_too_long))
                self.position += cut - self.torn
                if is_too_long and lines and there > self.position:  # the rest of a sparse file
                    lines[-1] = lines[-1]._replace(lost=Lost(self.position - cut, there, ZEROS))
                    self.position = there
                self._remember(file)
        except FileNotFoundError:
            return [], True
        except NotRegular:
            is_told, self._is_refused = self._is_refused, True
            return [] if is_told else [Line("", lost=Lost(0, 0, NOT_A_FILE))], True
        return lines, at_end

    def _remember(self, file: Any) -> None:
        start = max(self.position - _MARK, 0)
        file.seek(start)
        self._mark = file.read(self.position - start)

    def _lines(self, data: bytes, is_last: bool) -> Iterator[Line]:
        at = self.position
        pieces = data.split(b"\n")
        self.torn = 0
        for index, piece in enumerate(pieces):
            if piece.strip():
                is_torn = is_last and index == len(pieces) - 1
                found = list(lines_in(piece, at))
                if is_torn and found[-1].lost is not None and len(found) == 1 and piece.lstrip().startswith(b"{"):
                    self.torn = len(piece)  # a killed writer's last line: no damage
                    return
                yield from found
            at += len(piece) + 1


def lines_in(piece: bytes, at: int) -> Iterator[Line]:
    """The rows in one line that begins at byte `at`, and what is lost between them."""
    try:
        text = piece.decode()
        row = json.loads(text)
    except (ValueError, RecursionError):
        yield from _salvaged(piece, at)
        return
    if is_too_deep(text):
        yield Line("", lost=Lost(at, at + len(piece), f"nested deeper than {DEEPEST} levels"))
        return
    if isinstance(row, dict):
        yield _line(text.strip(), row, at)
    else:
        yield Line("", lost=Lost(at, at + len(piece), REASON))


def _salvaged(piece: bytes, at: int) -> Iterator[Line]:
    """Rows inside a line that as a whole is none. Only what has a step and a time is a row and not a part of one."""
    text = piece.decode("latin-1")  # one character per byte, so that places agree
    done = place = tries = 0
    while (place := text.find('{"', place)) >= 0 and (tries := tries + 1) <= MOST_TRIES:
        try:
            _, end = _DECODER.raw_decode(text, place)
            row = json.loads(piece[place:end].decode())
        except (ValueError, RecursionError):
            place += 1
            continue
        if not {"_step", "_timestamp"} <= row.keys() and not {"_wandb", "_timestamp"} <= row.keys():
            place += 1
            continue
        if piece[done:place].strip():
            yield Line("", lost=_lost(piece, at, done, place))
        yield _line(piece[place:end].decode(), row, at + place)
        done = place = end
    if piece[done:].strip():
        yield Line("", lost=_lost(piece, at, done, len(piece)))


def _lost(piece: bytes, at: int, start: int, end: int) -> Lost:
    return Lost(at + start, at + end, REASON if piece[start:end].strip(b"\0") else ZEROS)


def _line(text: str, row: dict[str, Any], place: int) -> Line:
    step = row.get("_step")
    is_step = isinstance(step, int) and not isinstance(step, bool) and -(2**63) <= step < 2**63
    return Line(text, step if is_step else None, tuple(row), None, place)
