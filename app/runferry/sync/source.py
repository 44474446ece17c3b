"""One log as a source of lines: read in parts, each line with its number in the log.

Keeps what must be folded over the whole log (console lines, the summary) and nothing that was given out. Reading
starts at the front whenever a log is opened: that costs a second per 100 MB after a restart, and in return no
decoder state has to be kept anywhere.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

from runferry.formats.console import Console
from runferry.formats.entries import Alert, Artifact, ArtifactLink, FileEntry
from runferry.formats.readers import open_reader
from runferry.regular_files import open_below

READ_BYTES = 4 << 20


@dataclass
class Part:
    """What one read gave. Numbers count lines from the front of the log; `position` is where reading stands (bytes)."""

    first: dict[str, int]
    history: list[str]
    steps: list[int | None]
    events: list[str]
    position: int
    places: dict[str, list[int]] = field(default_factory=dict)  # byte offset of each line, per stream
    preempting: bool = False
    at_end: bool = False
    is_renumbered: bool = False
    is_placed: bool = False
    is_replaced: bool = False

    def keep_metrics_only(self) -> None:
        """Drop what is not history; a dropped stream counts no lines."""
        self.events = []
        self.first["events"] = 0

    @property
    def is_empty(self) -> bool:
        """Nothing is in it that anybody needs to be told."""
        return not (self.history or self.events or self.preempting or self.is_replaced)

    @property
    def at_position(self) -> dict[str, int]:
        """Lines of history and events that stand before `position`."""
        return {
            "history": self.first["history"] + len(self.history),
            "events": self.first["events"] + len(self.events),
        }


@dataclass
class Extras:
    """What is not a line, collected while reading and worked off between the lines."""

    files: dict[str, FileEntry] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)  # all of them: which are done the ledger knows
    links: list[ArtifactLink] = field(default_factory=list)


class Source:
    """Reads one log. Used by one thread at a time."""

    def __init__(self, log: Path, permit: threading.Semaphore) -> None:
        self.log = log
        self._permit = permit  # one decoder at a time keeps a window fluent and memory small
        self.reader = open_reader(log)
        self.console = Console()
        self._whole: tuple[int, Console] | None = None  # read again, up to a byte
        self.extras = Extras()
        self._counts = {"history": 0, "events": 0}
        self.is_patient = False  # somebody may just be copying the log: what looks damaged is waited for
        self.held: int | None = None  # where that begins, as of the last read
        self.at_end = False  # of what is complete in the file, as of the last read

    @classmethod
    def alone(cls, log: Path) -> Source:
        """A source that waits for no other decoder."""
        return cls(log, threading.Semaphore(1))

    @property
    def identity(self) -> str:
        """The same for every copy of this log, different for another log of the same run. Ask after the first read."""
        content = self.reader.content
        run = content.run
        parts = [run.run_id, repr(run.start_time), run.host, content.writer]
        if not run.run_id:  # the run record cannot be read: the folder's name and the first bytes have to do
            with open_below(self.log.parent, self.log.name) as log:
                parts = [self.log.parent.name, self.log.name, log.read(4096).hex()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        """Lines of history and events that were read."""
        return dict(self._counts)

    @property
    def has_begun(self) -> bool:
        """Whether anything was read that a run can be created from."""
        content = self.reader.content
        return bool(content.run.run_id or content.rows)

    def console_text(self) -> str:
        """All console lines without timestamps; of a run that is over. Read again where they are not kept any more."""
        if self.console.is_whole:
            return self.console.text()
        position = self.reader.position
        if self._whole is None or self._whole[0] != position:
            again = Source(self.log, self._permit)
            while not again.read(is_over=True).at_end:
                pass
            self._whole = position, again.console
        return self._whole[1].text()

    def read(self, stop: int | None = None, is_over: bool = False) -> Part:
        """The next lines, which may be none: go on until the part is `at_end`.

        stop: no record is read that begins at this byte or behind. is_over: nobody writes any more, so an end that
        cannot be read is damage and not waited for.
        """
        with self._permit:
            batch = self.reader.read(READ_BYTES, stop, is_over, self.is_patient)
            for chunk in batch.console:
                self.console.feed(chunk)
        for entry in batch.files:
            self.extras.files[entry.path] = entry
        self.extras.alerts.extend(batch.alerts)
        self.extras.artifacts.extend(batch.artifacts)
        self.extras.links.extend(batch.links)
        part = Part(
            first=dict(self._counts),
            history=batch.history,
            steps=batch.steps,
            events=batch.events,
            position=batch.end,
            places={"history": batch.places, "events": batch.event_places},
            preempting=batch.preempting,
            at_end=batch.at_end,
            is_replaced=batch.replaced,
        )
        self._counts = part.at_position
        self.held, self.at_end = batch.held, batch.at_end
        return part

    def read_front(self, most: int) -> None:
        """Read until the run is known, as far as its record begins in the first `most` bytes."""
        while not self.has_begun and not self.read(stop=most).at_end:
            pass
