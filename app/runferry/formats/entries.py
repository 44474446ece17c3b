"""What a run's log says, in neutral terms: the contract between the readers and the sync.

A reader goes through a log once, from front to back. Lines that are streamed (history, events, console, files,
alerts) come out as `Batch`es in the order of the log; everything that is folded into one value (config, summary,
metric definitions, environment) is kept in `RunContent`, up to the position that was read.

JSON values are kept as the text found in the log, so that NaN, Infinity and 2**60 survive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
"""A key: one label for a plain key (which may contain dots and slashes), several for a nested one."""


@dataclass(frozen=True)
class RunInfo:
    """The run record, later ones merged in. Times are seconds since the epoch; empty text means "not given"."""

    run_id: str = ""
    entity: str = ""
    project: str = ""
    name: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    job_type: str = ""
    sweep_id: str = ""
    host: str = ""
    start_time: float | None = None
    starting_step: int = 0
    resume: bool = False
    git_remote: str = ""
    git_commit: str = ""


@dataclass(frozen=True)
class FileEntry:
    """A file that the run saved. `path` is relative to ``files/``; policy ``now``, ``end`` or ``live``."""

    path: str
    policy: str = "now"
    kind: str = "other"


@dataclass(frozen=True)
class Alert:
    """`wait_ms`: milliseconds during which the server drops alerts of the same title. `index`: 0-based in the log."""

    index: int
    title: str
    text: str
    level: str
    wait_ms: int


@dataclass(frozen=True)
class Artifact:
    """An artifact record, as the log's message holds it (field names of `wire.schema`)."""

    index: int
    type: str
    name: str
    message: Any


@dataclass(frozen=True)
class ConsoleChunk:
    """One write to stdout or stderr. `is_line`: already a whole line (wandb 0.10 to 0.12). Time: epoch seconds."""

    is_stderr: bool
    text: str
    timestamp: float
    is_line: bool = False


@dataclass(frozen=True)
class Gap:
    """A stretch of a log that could not be read: `start` and `end` are byte offsets.

    `records`: how many records are missing as far as record numbers tell, None when unknown.
    `after_step` and `before_step`: the steps of the rows on either side, None at the ends of the log.
    """

    start: int
    end: int
    reason: str
    records: int | None = None
    after_step: int | None = None
    before_step: int | None = None


@dataclass
class Batch:
    """What stands in the log between the byte offsets `start` and `end`, in order per stream."""

    start: int
    end: int
    history: list[str] = field(default_factory=list)  # one JSON object per row, nested as wandb-core streams it
    steps: list[int | None] = field(default_factory=list)  # the `_step` of each row
    events: list[str] = field(default_factory=list)  # one JSON object per system-metrics record
    console: list[ConsoleChunk] = field(default_factory=list)
    files: list[FileEntry] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    preempting: bool = False
    at_end: bool = False  # nothing more is complete in the file right now

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to send in it."""
        return not (self.history or self.events or self.console or self.files or self.alerts or self.artifacts)
