"""The terminal that turns writes to stdout and stderr into lines, as wandb-core does it: a progress bar is one line.

Two terminals, one per stream, put their lines into one list, in the order in which lines are begun. ``\\r`` goes to the
front of the line, ``\\n`` to the next one, ``ESC[A`` and ``ESC[B`` one line up and down; any other escape sequence
(``ESC[2A`` too) is just text. A terminal reaches back over its last 32 lines; a line keeps 4096 characters. A line
appears when something is printed on it or behind it.

The result depends on the sequence of chunks alone, not on how often it is asked for. Memory: lines that are out of
reach and were taken are forgotten with `drop_before`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runferry.formats.entries import ConsoleChunk

WINDOW = 32
WIDTH = 4096
_TOKENS = re.compile("\r|\n|\x1b\\[[AB]|[^\r\n\x1b]+|\x1b")


@dataclass(frozen=True)
class ConsoleLine:
    """One line as it looks now. `timestamp`: when it was begun, seconds since the epoch."""

    text: str
    is_stderr: bool
    timestamp: float


class _Terminal:
    """Cursor and reachable lines of one stream; `lines` holds indexes into the common list, None for not yet there."""

    def __init__(self) -> None:
        self.lines: list[int | None] = [None]
        self.row = 0
        self.column = 0
        self.held = ""  # the beginning of an escape sequence whose end comes with the next chunk


class Console:
    """Both terminals and their lines."""

    def __init__(self) -> None:
        self._terminals = {False: _Terminal(), True: _Terminal()}
        self._lines: dict[int, ConsoleLine] = {}  # by number, in order; without those that were dropped
        self._count = 0
        self._changed: set[int] = set()

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return self._count

    @property
    def is_whole(self) -> bool:
        """Whether no line was dropped."""
        return len(self._lines) == self._count

    def feed(self, chunk: ConsoleChunk) -> None:
        """Print a chunk. A chunk that is a line already (old clients, loggers) ends with a line break in any case."""
        text = chunk.text
        if chunk.is_line and not text.endswith("\n"):
            text += "\n"
        terminal = self._terminals[chunk.is_stderr]
        text = terminal.held + text
        terminal.held = ""
        if text.endswith(("\x1b", "\x1b[")):
            cut = text.rindex("\x1b")
            text, terminal.held = text[:cut], text[cut:]
        self._print(terminal, text, chunk.is_stderr, chunk.timestamp)

    def take_changed(self, limit: int = 1_000_000) -> list[tuple[int, ConsoleLine]]:
        """The lowest contiguous run of at most `limit` lines that changed since they were last taken.

        Each with its index in the list; empty when nothing changed. Call until it is empty: one run fits one request.
        """
        if not self._changed:
            return []
        first = index = min(self._changed)
        while index in self._changed and index - first < limit:
            self._changed.discard(index)
            index += 1
        return [(place, self._lines[place]) for place in range(first, index)]

    def lines(self) -> Iterator[ConsoleLine]:
        """All lines that were not dropped."""
        return iter(self._lines.values())

    def text(self) -> str:
        """What output.log holds: the lines without timestamps."""
        return "".join(line.text + "\n" for line in self.lines())

    def drop_before(self, index: int) -> None:
        """Forget lines before `index` that can change no more and were taken."""
        needed = {place for terminal in self._terminals.values() for place in terminal.lines} | self._changed
        for place in [place for place in self._lines if place < index and place not in needed]:
            del self._lines[place]

    def _print(self, terminal: _Terminal, text: str, is_stderr: bool, timestamp: float) -> None:
        for piece in _TOKENS.findall(text):
            if piece == "\n":
                self._down(terminal)
                terminal.column = 0
            elif piece == "\r":
                terminal.column = 0
            elif piece == "\x1b[A":
                terminal.row = max(0, terminal.row - 1)
            elif piece == "\x1b[B":
                self._down(terminal)
            else:
                self._put(terminal, piece, is_stderr, timestamp)

    def _down(self, terminal: _Terminal) -> None:
        terminal.row += 1
        if terminal.row == len(terminal.lines):
            terminal.lines.append(None)
        if len(terminal.lines) > WINDOW:
            del terminal.lines[0]
            terminal.row -= 1

    def _put(self, terminal: _Terminal, piece: str, is_stderr: bool, timestamp: float) -> None:
        place = self._place(terminal, is_stderr, timestamp)
        old = self._lines[place]  # a line in reach is never dropped
        start, end = terminal.column, min(terminal.column + len(piece), WIDTH)
        terminal.column = end
        if start >= WIDTH:
            return
        text = old.text
        if start >= len(text):
            text = text + " " * (start - len(text)) + piece[: end - start]
        else:
            text = text[:start] + piece[: end - start] + text[end:]
        if text != old.text:
            self._lines[place] = ConsoleLine(text, old.is_stderr, old.timestamp)
            self._changed.add(place)

    def _place(self, terminal: _Terminal, is_stderr: bool, timestamp: float) -> int:
        """The line under the cursor; it and the empty ones above it come into being now."""
        found = terminal.lines[terminal.row]
        if found is not None:
            return found
        for row in range(terminal.row + 1):
            if terminal.lines[row] is None:
                terminal.lines[row] = self._count
                self._changed.add(self._count)
                self._lines[self._count] = ConsoleLine("", is_stderr, timestamp)
                self._count += 1
        created = terminal.lines[terminal.row]
        assert created is not None
        return created
