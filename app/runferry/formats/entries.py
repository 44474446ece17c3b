"""What a run's log says, in neutral terms: the contract between the readers and the sync.

A reader goes through a log once, from front to back. Lines that are streamed (history, events, console, files,
alerts) come out as `Batch`es in the order of the log; everything that is folded into one value (config, summary,
metric definitions, environment) is kept in `RunContent`, up to the position that was read.

JSON values are kept as the text found in the log, so that NaN, Infinity and 2**60 survive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runferry.formats.odd_values import OddValues

if TYPE_CHECKING:
    from runferry.formats.key_values import KeyValues

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
class ArtifactLink:
    """A version that is shown in a portfolio, too (wandb 0.12 to 0.18). `server_id`, or else `client_id`, names it."""

    index: int
    client_id: str
    server_id: str
    portfolio: str
    entity: str
    project: str
    aliases: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class MetricRule:
    """What `define_metric` said about a metric, or about all whose name begins as `glob` does (its ``*`` is last).

    `summary`: some of ``min max mean best last none copy first``; `goal`: 1 minimize, 2 maximize, 0 not given.
    `step_metric`: the name of the metric that is its x axis.
    """

    name: str = ""
    glob: str = ""
    step_metric: str = ""
    step_sync: bool = False
    hidden: bool = False
    defined: bool = False
    summary: tuple[str, ...] = ()
    goal: int = 0
    expanded: bool = False  # written for one key that a glob matched (wandb 0.18 to 0.28)


@dataclass
class RunContent:
    """What the log says about the run as a whole, up to the position that was read.

    `finished`: an exit record was read; only at the end of the log does that mean that nothing more comes, because
    wandb 0.10 to 0.17 writes it before the last rows. `counts`: records by type. `records_unknown`: of no or an
    unknown type, skipped. `records_unreadable`: good checksum, but no record. `odd`: what was left out by itself.
    `exit_runtime`: seconds. `summary_rows`: how many history rows had been read at the last summary record.
    """

    run: RunInfo
    config: KeyValues
    summary: KeyValues
    environment: Any  # message `EnvironmentRecord`
    metrics: list[MetricRule] = field(default_factory=list)
    telemetry: dict[str, Any] = field(default_factory=dict)
    writer: str = ""
    exit_code: int | None = None
    exit_runtime: int | None = None
    not_complete: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    events: int = 0
    console_chunks: int = 0
    keys: dict[Path, None] = field(default_factory=dict)  # of history, in order of first appearance
    first_step: int | None = None
    last_step: int | None = None
    last_timestamp: float | None = None  # of the newest console chunk or system metrics
    summary_rows: int = 0
    run_records: int = 0
    records_unknown: int = 0
    records_unreadable: int = 0
    odd: OddValues = field(default_factory=OddValues)
    steps_backwards: int = 0
    tensorboard_dirs: list[str] = field(default_factory=list)
    own_files: tuple[str, ...] = ()  # files that are sent as they are though others' are made from the log
    outcome: str = ""  # how the run ended, where the client wrote it down (wandb 0.8 and 0.9); a `RunState`'s value
    gaps: list[Gap] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether an exit record was read."""
        return self.exit_code is not None


@dataclass
class Batch:
    """What stands in the log between the byte offsets `start` and `end`, in order per stream."""

    start: int
    end: int
    history: list[str] = field(default_factory=list)  # one JSON object per row, nested as wandb-core streams it
    steps: list[int | None] = field(default_factory=list)  # the `_step` of each row
    events: list[str] = field(default_factory=list)  # one JSON object per system-metrics record
    places: list[int] = field(default_factory=list)  # byte offset of each row
    event_places: list[int] = field(default_factory=list)  # and of each event; empty where `end` is not about them
    console: list[ConsoleChunk] = field(default_factory=list)
    files: list[FileEntry] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    links: list[ArtifactLink] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    preempting: bool = False
    replaced: bool = False  # the file is not the one that was read before: the reader starts again from its front
    at_end: bool = False  # nothing more is complete in the file right now, or before the stop
    held: int | None = None  # where bytes begin that look damaged, and are not believed to be yet

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to send in it."""
        return not (self.history or self.events or self.console or self.files or self.alerts or self.artifacts)
