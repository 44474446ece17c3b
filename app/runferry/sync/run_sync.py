"""One run on its way to one server: the turn that the scheduler gives it, and what people see of it.

A turn reads what is new in the log, delivers it, and says when it wants the next one. All progress that matters is in
the ledger, so a turn may break off anywhere.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.formats.liveness import BY_SIGNALS, Life, run_state
from runferry.formats.readers import Extent, extent
from runferry.remote.failures import ServerRefused
from runferry.status import RunState, RunStatus, SyncState
from runferry.sync.checking import Checking
from runferry.sync.connection import Connection
from runferry.sync.counts import backlog_of, count, shown, status_of
from runferry.sync.destination import Destination
from runferry.sync.failing import SELDOM, Failures
from runferry.sync.means import Means
from runferry.sync.meeting import meet
from runferry.sync.obstacles import folder_gone, folder_unreadable, log_empty, log_replaced
from runferry.sync.outlet import Outlet
from runferry.sync.patience import LOOK, Patience
from runferry.sync.pipeline import Interrupted, Pipeline, Replaced
from runferry.sync.source import Part, Source
from runferry.sync.wishes import Wishes

log = logging.getLogger(__name__)

ENDED = {RunState.FINISHED, RunState.FAILED, RunState.KILLED, RunState.CRASHED}
_LASTING = (SyncState.PROBLEM, SyncState.RETRYING)
INTERRUPTED_CODE = 130  # of a program that Ctrl+C ended, as shells tell it
LONGEST_TURN = 2.0  # seconds that a log may go on being sent before the next run has its turn
LONGEST_IDLE = 15.0  # seconds between two looks at a live run of which nothing comes and nobody tells anything


class RunSync:
    """Carries one log to one run on a server. `advance` and `failed` are called by one thread at a time."""

    def __init__(
        self,
        folder: RunFolder,
        destination: Destination,
        connection: Connection,
        means: Means,
        wishes: Wishes,
        on_change: Callable[[RunSync], None],
        recheck: bool = True,
    ) -> None:
        self.folder, self.log = folder, folder.log
        self.destination = destination
        self.connection = connection
        self.is_paused = self.at_rest = False  # at rest: nothing more to do for now
        self._means = means
        self.wishes = wishes
        self._on_change = on_change
        self._checking = Checking(recheck)
        self._source: Source | None = None
        self._outlet: Outlet | None = None
        self._pipeline: Pipeline | None = None
        self._state = SyncState.WAITING
        self._run_state = RunState.UNKNOWN
        self._error: AppError | None = None
        self._gone: AppError | None = None  # the folder is gone: nothing that a turn in hand finds out counts any more
        self._lock = threading.Lock()
        self._failures = Failures()
        self._patience = Patience()
        self._began_turn = 0.0  # monotonic
        self._not_before = 0.0
        self._idle_pause, self._idle_at = 0.0, -1  # seconds, growing while nothing comes; bytes of the log then
        self._compared_at = -1  # bytes of the log when a silent run was compared, and what came of it
        self._found_at_rest: tuple[SyncState, AppError | None] = (SyncState.SENT, None)
        self._counts: dict[str, Any] = {}
        self._read_extent: Extent | None = None

    def ask_again(self) -> None:
        """Somebody wants to know: ask the server even where the ledger says verified. Wake the run afterwards."""
        self._checking.is_asked = True
        with self._lock:
            self.at_rest = False
            if self._state in _LASTING and self._gone is None:
                self._state = SyncState.WAITING
        if outlet := self._outlet:
            outlet.ask_again()

    def use(self, connection: Connection, wishes: Wishes) -> None:
        """From the next turn on: another key for the same server, or other wishes. Not during a turn."""
        if connection is self.connection and wishes == self.wishes:
            return
        self.connection, self.wishes = connection, wishes
        self._failures.reset()
        self._forget()

    def retune(self, means: Means) -> None:
        """From the next turn on: other intervals and sizes. Not during a turn."""
        self._means = means
        self._forget()

    # -- turns --------------------------------------------------------------------------------------------------------

    def advance(self) -> float | None:
        """One turn; seconds until the next, or None. Raises AppError."""
        try:
            return self._advance()
        except OSError as error:
            raise folder_unreadable(self.folder.path, error) from error

    def _advance(self) -> float | None:
        self._began_turn = self._means.clock.monotonic()
        if self.is_paused or self._is_known_verified():
            self._rest(SyncState.PAUSED if self.is_paused else SyncState.VERIFIED)
            return None
        # What lasts is shown until something gets through: each try would make it flicker.
        self._set(self._state if self._state in _LASTING else SyncState.SYNCING)
        self.connection.prepare()
        if self._outlet is not None and self._outlet.healing.is_needed:
            self._forget()
        if self._source is None:
            self._source = Source(self.log, self._means.permit)
        self._patience.prepare(self._source, self._means.clock)
        if not self._has_begun(self._source):
            return self._not_begun(self._source)
        if self._outlet is None:
            meeting = meet(self.folder, self.destination, self.connection, self._means, self.wishes, self._source)
            self._outlet = Outlet(meeting, self.connection, self._means, self.wishes, self._source, self.folder)
        try:
            self._moving().run(self._source, self._outlet)
            # It may have written its last rows after we read, and have ended by itself.
            if self._judge() is RunState.CRASHED:
                self._moving().run(self._source, self._outlet)
        except Replaced:
            log.warning("%s was replaced by another log: it is read from the front", self.log)
            self._forget()
            return 0.0
        except Interrupted:
            return 0.0
        if self._patience.waits(self._source, self._means.clock):
            return LOOK
        return self._settle(self._outlet, self._judge())

    def _moving(self) -> Pipeline:
        """Made when there is something to move: thousands of runs at rest need none."""
        if self._pipeline is None:
            self._pipeline = Pipeline(self._means.senders, self._got_through, self._breaks_off)
        return self._pipeline

    def _breaks_off(self) -> bool:
        """A long log goes on in its next turn, so that the others get theirs."""
        is_long = self._means.clock.monotonic() - self._began_turn > LONGEST_TURN
        return is_long or self.is_paused or self.connection.is_paused

    def _got_through(self) -> None:
        self._set(SyncState.SYNCING)

    def _has_begun(self, source: Source) -> bool:
        """Whether the log says enough to create a run; a log that was just made may not say anything yet, and a record
        that holds a large config takes several reads."""
        if source.reader.content.run.run_id:
            return True
        self._moving().put_back(source.read())
        return source.has_begun

    def _not_begun(self, source: Source) -> float:
        """Seconds until the next turn of a run of which nothing can be sent yet."""
        if self._patience.waits(source, self._means.clock):
            return LOOK
        if not source.at_end:
            return 0.0
        if self._judge() is not RunState.RUNNING:
            raise log_empty(self.log)
        return self._idle(SyncState.WAITING)

    def _settle(self, outlet: Outlet, state: RunState) -> float | None:
        """Everything in the log is sent: deliver the rest, close and compare as far as the run's state allows."""
        outlet.accept_cut()
        is_silent = state in (RunState.QUIET, RunState.UNKNOWN)
        if is_silent and self._compared_at == outlet.position and not self._checking.is_asked:
            outlet.deliver_samples()
            if state is RunState.QUIET:  # it lives: its process was seen
                outlet.sign_of_life()
            return self._idle(*self._found_at_rest)
        if state in ENDED and self._source is not None:
            self._read_extent = extent(self.log)  # before the last read: what comes later is not called verified
            while not (part := self._last_part(self._source)).at_end:
                self._moving().send(outlet, part)
            self._moving().send(outlet, part)
            if self._patience.waits(self._source, self._means.clock):
                return LOOK
            self._means.samples.finish(self.folder.path)
        exit_code = _exit_code(self._source, state) if state in ENDED else None
        outlet.deliver_rest(is_over=state is not RunState.RUNNING, exit_code=exit_code)
        self._failures.reset()
        if outlet.is_unfinished:
            return 0.0
        if state in ENDED:
            return self._verify(outlet)
        return self._idle(SyncState.SENT) if state is RunState.RUNNING else self._verify_silent(outlet)

    def _last_part(self, source: Source) -> Part:
        part = source.read(is_over=True)
        if part.is_replaced:
            self._forget()
            raise log_replaced(self.log)
        return part

    def _forget(self) -> None:
        """Nothing in memory is to be believed any more; the ledger is."""
        self._source = self._outlet = self._pipeline = None

    def failed(self, error: AppError) -> float | None:
        """A turn broke off; seconds until the next, or None while a person is needed (see `Failures.judge`).

        Growth of the log brings no try forward.
        """
        self._error = error
        state, delay = self._failures.judge(error, self.connection)
        if state is SyncState.RETRYING:
            self._set(state)
        else:
            if not isinstance(error, ServerRefused):
                log.warning("%s: %s", self.folder.path, error)
            if error.slug == "bug":
                self._forget()
            self._rest_with_problem()
        wait = max(self._means.interval, SELDOM) if delay is None else delay
        self._not_before = self._means.clock.monotonic() + wait
        return delay

    def gone(self) -> None:
        """The run's folder was removed or moved away; nobody gives it a turn any more."""
        with self._lock:
            self._gone, self._state = folder_gone(self.folder.path), SyncState.PROBLEM
        self._rest_with_problem()

    def _rest_with_problem(self) -> None:
        """Like `_rest`, and never raises: the disk may be full."""
        try:
            self._rest(SyncState.PROBLEM)
        except AppError as error:
            log.warning("%s: %s", self.folder.path, error)
            self._put(SyncState.PROBLEM, at_rest=True)

    def _verify_silent(self, outlet: Outlet) -> float | None:
        """Neither writing nor known to be over (a run of another host, a long step): compared once, never closed."""
        delay = self._verify(outlet)
        if delay is None:
            self._compared_at, self._found_at_rest = outlet.position, (self._state, self._error)
            self._not_before = self._means.clock.monotonic() + self._means.interval
            delay = max(self._means.interval, self._means.poll)
        return delay

    def _verify(self, outlet: Outlet) -> float | None:
        verdict = self._checking.compare(outlet)
        if verdict.again is not None:
            self._set(verdict.state)
            return verdict.again
        self._error = verdict.error
        is_verified, is_over = verdict.state is SyncState.VERIFIED, self._run_state in ENDED
        if is_verified:
            assert self._source is not None
            self._counts = count(self._source, self._outlet, self._run_state)
            outlet.verified(self._counts, self._read_extent if is_over else None)
        self._rest(verdict.state)
        if is_verified and is_over:
            self._forget()  # thousands of finished runs should cost next to nothing
        return None

    def earliest(self) -> float:
        """Seconds until the next turn of a live run makes sense: its server is not asked more often than agreed."""
        return max(self._not_before - self._means.clock.monotonic(), 0.0)

    # -- judgements ---------------------------------------------------------------------------------------------------

    def _judge(self) -> RunState:
        assert self._source is not None
        life = Life(self._means.clock.time(), _changed(self.log), self._means.quiet_after)
        self._run_state = run_state(self.folder, self._source.reader.content, life)
        return self._run_state

    def _is_known_verified(self) -> bool:
        """The ledger says verified, the log has not changed since, and the server, where it is asked, agrees."""
        if self._source is not None:
            return False
        counts = self._checking.known(self.folder, self.destination, self.connection, self._means, self.wishes)
        if counts is None:
            return False
        self._counts = counts
        self._run_state = RunState(counts.get("run_state", "unknown"))
        return True

    @property
    def status_run_state(self) -> RunState:
        """The run state as last judged, without a look at the disk."""
        return self._run_state

    @property
    def is_settled(self) -> bool:
        """Over, verified, and asked for by nobody: no turn would find anything to do."""
        is_over = self._state is SyncState.VERIFIED and self._run_state in ENDED and self._gone is None
        return is_over and self.at_rest and not self._checking.is_asked

    # -- what people see ----------------------------------------------------------------------------------------------

    def status(self) -> RunStatus:
        """A snapshot; may be called by any thread."""
        source, outlet = self._source, self._outlet
        if source is not None:
            self._counts = count(source, outlet, self._run_state)
        return status_of(
            self.folder,
            self.destination,
            self.connection.server.url,
            shown(self._state, self._run_state) if self.connection.is_paused else self._state,
            self._run_state,
            self._counts,
            self._gone or self._error,
        )

    def backlog(self) -> tuple[int, int]:
        """Rows and files that are known to wait; cheap."""
        return backlog_of(self._source, self._outlet)

    def _set(self, state: SyncState) -> None:
        self._put(state, at_rest=False)

    def _put(self, state: SyncState, at_rest: bool) -> None:
        with self._lock:
            if self._gone is None:
                self._state = state
            self.at_rest = at_rest or self._gone is not None
        self._on_change(self)

    def _rest(self, state: SyncState) -> None:
        """Nothing more to do until somebody wakes this run; what `advance` returns then."""
        if self._outlet is not None and self._source is not None:
            told = SyncState.PROBLEM if self._gone else state
            self._outlet.record(
                told.value, self._gone or self._error, count(self._source, self._outlet, self._run_state)
            )
        self._put(state, at_rest=True)

    def _idle(self, state: SyncState, error: AppError | None = None) -> float:
        """A run that may go on, with everything delivered: come back even if nobody wakes it, but less and less often
        while nothing comes (a wake-up of five quiet runs each half second would be most of what an idle app costs)."""
        self._error = error
        interval = max(self._means.interval, self._means.poll)
        position = self._outlet.position if self._outlet is not None else -1
        longer = min(2 * self._idle_pause, LONGEST_IDLE) if position == self._idle_at else 0.0
        self._idle_pause = max(interval, longer)
        self._idle_at = position
        self._not_before = self._means.clock.monotonic() + self._means.interval
        self._rest(state)
        return self._idle_pause


def _exit_code(source: Source | None, state: RunState) -> int:
    """What servers are told; a run that was cut off failed, and one that was stopped ended as by Ctrl+C."""
    code = source.reader.content.exit_code if source else None
    if state is RunState.KILLED and code not in BY_SIGNALS:
        return INTERRUPTED_CODE
    return 1 if code is None else code


def _changed(path: Path) -> float:
    try:
        return extent(path).mtime_ns / 1e9
    except OSError:
        return 0.0
