"""What the engine can say about itself: states and snapshots.

Run state and sync state are two things: the first comes from the log and the process, the second from the network.
Snapshots are frozen and turn into JSON, so that `status --json`, the control channel and a window show the same.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Word(str, Enum):
    """A state whose text is its value, on every Python."""

    def __str__(self) -> str:
        return str(self.value)


class SyncState(Word):
    """How far a run's way to its server is."""

    WAITING = "waiting"  # known, nothing sent yet, or held back until somebody asks
    SYNCING = "syncing"
    RETRYING = "retrying"
    PAUSED = "paused"
    SENT = "sent"  # everything acknowledged, not (or not fully) compared with the server
    VERIFIED = "verified"  # everything acknowledged, and the server's own counts agree
    PROBLEM = "problem"  # needs a person


SILENT = 3600.0  # seconds
ON_REQUEST = "sent on request only"
"""How the reason ends why a run that could be sent is not."""


class RunState(Word):
    """What became of the training itself."""

    RUNNING = "running"
    QUIET = "quiet"  # alive as far as is known, but nothing was written for a while
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    CRASHED = "crashed"
    UNKNOWN = "unknown"


class ConnectionState(Word):
    """The state of the one connection to a server."""

    IDLE = "idle"  # not used yet
    ONLINE = "online"
    RETRYING = "retrying"
    REFUSED = "refused"  # the key was refused: waits for a person
    UNTRUSTED = "untrusted"  # TLS: waits for a person
    PORTAL = "portal"  # the network's sign-in page answers; asked again by a harmless probe
    SLOWED = "slowed"  # online, at the pace that the server asked for
    PAUSED = "paused"  # by a person, or because of the network


@dataclass(frozen=True)
class DamageReport:
    """What could not be read of a log. `rows` is an estimate where steps are missing."""

    gaps: int
    bytes: int
    rows: int | None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunStatus:
    """One run on its way to one server. Counts are lines; sizes are bytes; times are seconds since the epoch."""

    path: str
    run_id: str
    entity: str
    project: str
    name: str
    server: str
    url: str
    state: SyncState
    run_state: RunState
    rows: int = 0
    rows_acknowledged: int = 0
    rows_sent: int = 0  # by this process
    events: int = 0
    console_lines: int = 0
    files: int = 0
    artifacts: int = 0  # in the log
    artifacts_sent: int = 0  # committed by the server
    bytes_read: int = 0
    bytes_total: int = 0
    last_step: int | None = None
    metric: str = ""  # one that tells how it goes, like "loss 0.231"
    started: float | None = None
    writer: str = ""
    files_waiting: int = 0  # named by the log, may be sent, and not acknowledged yet
    held: str = ""  # why it waits until somebody asks; empty when it does not
    damage: DamageReport | None = None
    error: dict[str, str] | None = None
    stop_requested: bool = False  # somebody asked the server to stop it
    key: str = ""  # tells apart the ways of one run to several places; the same for as long as this process lives
    changed: float | None = None  # when something was last written to its log, as far as that is known

    @property
    def can_be_asked_for(self) -> bool:
        """Whether it waits for nothing but a person's word."""
        return self.held.endswith(ON_REQUEST)

    def seems_live(self, now: float) -> bool:
        """Whether it trains, as far as can be told. What was silent for an hour and has no end may have been killed
        where nobody saw it: it is no news, and nobody waits for it. now: seconds since the epoch."""
        if self.run_state is RunState.QUIET:
            return self.changed is None or now - self.changed < SILENT
        return self.run_state is RunState.RUNNING


@dataclass(frozen=True)
class Attempt:
    """One attempt to reach a server. `time`: seconds since the epoch, when it was over; `seconds`: how long it took.

    `what` was asked; `outcome` in words. rows_again: rows of which nobody knows whether they arrived, so that they are
    sent again. count: so many successes stand behind this entry.
    """

    time: float
    what: str
    outcome: str
    ok: bool
    seconds: float | None = None
    rows_again: int = 0
    count: int = 1


@dataclass(frozen=True)
class ServerStatus:
    """The retry loop of one server. `next_try` and `paused_until` are seconds since the epoch.

    `attempts`: newest first. `latency`: seconds until the last answer came. `bytes_per_second`: up, over some seconds.
    `paused_until` is None while nothing is paused, and also where only a person ends the pause. `paused_because`: what
    paused it, where that was no person.
    """

    url: str
    state: ConnectionState
    cause: dict[str, str] | None = None
    attempt: int = 0
    next_try: float | None = None
    since: float | None = None
    runs_waiting: int = 0
    requests_per_second: float | None = None  # while slowed
    page: str = ""  # of a portal: where to sign in
    proxy: str = ""  # the way there, and who says so; empty: direct
    attempts: tuple[Attempt, ...] = ()
    latency: float | None = None
    bytes_per_second: float = 0.0
    rows_waiting: int = 0
    files_waiting: int = 0
    paused_until: float | None = None
    paused_because: str = ""


@dataclass(frozen=True)
class FolderStatus:
    """A watched folder and how it is watched. `held`: runs that wait until asked; `problem`: an error's parts."""

    path: str
    server: str
    method: str  # "notifications" or "polling"
    reason: str = ""  # why polling, where it is
    runs: int = 0
    mode: str = "auto"
    entity: str = ""
    project: str = ""
    held: int = 0
    problem: dict[str, str] | None = None


class Fix(Word):
    """What a button beside a problem does."""

    RETRY = "retry"
    LOGIN = "login"
    ADD_CERTIFICATE = "add-certificate"
    CLIENT_CERTIFICATE = "client-certificate"
    UPLOAD_AS_NEW = "upload-as-new"
    CHOOSE_SERVER = "choose-server"
    OPEN_FOLDER = "open-folder"
    SHOW_LINKS = "show-links"
    SIGN_IN_PAGE = "sign-in-page"
    PROXY = "proxy"
    SETTINGS = "settings"
    CHECK_CONNECTION = "check-connection"


class About(Word):
    """What a problem's subject is."""

    RUN = "run"  # its folder
    SERVER = "server"  # its address
    FOLDER = "folder"  # a watched one
    SETTINGS = "settings"  # the subject is empty


@dataclass(frozen=True)
class Problem:
    """One thing. `id` stays the same while it lasts; slug, title, message, todo, cause are those of the error.

    server: where it happened, for a run. page: of a sign-in page.
    """

    id: str
    slug: str
    title: str
    message: str
    todo: str
    cause: str
    fix: Fix
    about: About
    subject: str
    server: str = ""
    name: str = ""
    page: str = ""


@dataclass(frozen=True)
class MeasuredStatus:
    """What was measured of this host last. Names and units are W&B's; `reasons`: why others are missing.

    `runs` and `run_reasons`: the same for each run that is trained here, by its folder.
    """

    time: float
    values: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, float]] = field(default_factory=dict)
    run_reasons: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Everything a front shows, at one moment."""

    version: str
    pid: int
    time: float
    runs: tuple[RunStatus, ...] = ()
    servers: tuple[ServerStatus, ...] = ()
    folders: tuple[FolderStatus, ...] = ()
    problems: tuple[Problem, ...] = ()
    measured: MeasuredStatus | None = None  # None: nothing is measured
    is_paused: bool = False  # all servers, also those that come into use later
    paused_until: float | None = None  # of that pause; None: until somebody resumes
    own_servers: tuple[str, ...] | None = None  # addresses of the app's own local server; None: nobody looked
    schema: int = field(default=1)

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, dicts and numbers, ready for JSON."""
        plain: dict[str, Any] = dataclasses.asdict(self)
        return plain
