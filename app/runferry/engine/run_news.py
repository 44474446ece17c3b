"""What is new about a run: compares its states with those of before, and notes once what matters to people.

After a restart the ledger says what was known before, so that nothing is told twice.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from runferry.counted import count_of
from runferry.engine.activity import Activity, ActivityKind, Severity
from runferry.engine.problems import problem_of_run
from runferry.errors import AppError
from runferry.state.ledger import Ledger
from runferry.status import Problem, RunState, RunStatus, SyncState
from runferry.sync.run_sync import ENDED, RunSync

_LIVE = (RunState.RUNNING, RunState.QUIET)
_ENDS = {
    RunState.FINISHED: (ActivityKind.FINISHED, Severity.INFO, "finished"),
    RunState.FAILED: (ActivityKind.FAILED, Severity.WARNING, "failed"),
    RunState.KILLED: (ActivityKind.KILLED, Severity.WARNING, "was killed"),
    RunState.CRASHED: (ActivityKind.CRASHED, Severity.WARNING, "crashed: its process is gone and it told no end"),
}


@dataclass(frozen=True)
class _Known:
    """What was told of a run. `verified`: rows at the last verification, -1 if there was none."""

    run_state: RunState = RunState.UNKNOWN
    slug: str = ""
    gaps: int = 0
    verified: int = -1
    is_new: bool = True


class RunNews:
    """Remembers a few words per run. Any thread may call."""

    def __init__(self, activity: Activity, ledger: Ledger) -> None:
        self._activity, self._ledger = activity, ledger
        self._lock = threading.Lock()
        self._known: dict[int, _Known] = {}
        self._problems: dict[int, Problem] = {}

    def look(self, run: RunSync) -> None:
        """A run changed."""
        status = run.status()
        before = self._known.get(id(run)) or self._begin(run)
        after = replace(before, run_state=_settled(before, status), slug=_slug(before, status), gaps=_gaps(status))
        if status.state is SyncState.VERIFIED and status.run_state in ENDED:
            after = replace(after, verified=status.rows)
        if before.is_new and after.run_state is not RunState.UNKNOWN:
            after = replace(after, is_new=False)
        problem = problem_of_run(status, run.connection.cause)
        with self._lock:
            self._known[id(run)] = after
            if problem is None:
                self._problems.pop(id(run), None)
            else:
                self._problems[id(run)] = problem
        if after != before:
            self._tell(status, before, after, is_of_server=problem is None)

    def forget(self, run: RunSync) -> None:
        """A run is not shown any more."""
        key = id(run)
        with self._lock:
            self._known.pop(key, None)
            self._problems.pop(key, None)

    def problems(self) -> tuple[Problem, ...]:
        """Of all runs."""
        with self._lock:
            return tuple(self._problems.values())

    def _begin(self, run: RunSync) -> _Known:
        """What the ledger knew when this run was first seen in this process."""
        try:
            found = [
                one
                for one, target in self._ledger.deliveries_of(run.log)
                if target["server"] == run.connection.server.identity
            ]
        except AppError:
            return _Known(is_new=False)
        if not found:
            return _Known()
        counts = found[-1].counts
        return _Known(
            RunState(counts.get("run_state", "unknown")),
            (found[-1].error or {}).get("slug", ""),
            (counts.get("damage") or {}).get("gaps", 0),
            counts.get("rows", -1) if found[-1].verified_at else -1,
            is_new=False,
        )

    def _tell(self, status: RunStatus, before: _Known, after: _Known, is_of_server: bool) -> None:
        note, name = self._activity.note, status.name or status.run_id
        if before.is_new and not after.is_new and status.seems_live(time.time()):
            note(ActivityKind.FOUND, status.path, f"{name} is training.")
        if before.run_state in _LIVE and after.run_state in _ENDS:
            kind, severity, words = _ENDS[after.run_state]
            note(kind, status.path, f"{name} {words} after {count_of(status.rows, 'row')}.", severity)
        if before.run_state is RunState.RUNNING and after.run_state is RunState.QUIET:
            note(
                ActivityKind.QUIET, status.path, f"{name} went quiet: it has not written for a while.", Severity.WARNING
            )
        if after.gaps > before.gaps and status.damage:
            rows, gaps = status.damage.rows, count_of(after.gaps, "gap")
            lost = f", about {count_of(rows, 'row')}" if rows else ""
            what = f"{gaps}, {status.damage.bytes:,} bytes{lost}" if status.damage.bytes else status.damage.details[0]
            text = f"{name} is damaged: {what}."
            note(ActivityKind.DAMAGE, status.path, text, Severity.WARNING)
        if after.verified not in (before.verified, -1):
            text = f"{name}: {count_of(status.rows, 'row')} verified on {status.server}."
            note(ActivityKind.VERIFIED, status.path, text)
        if after.slug and after.slug != before.slug and status.error and not is_of_server:
            text = f"{name}: {status.error['title']}. {status.error['message']}"
            note(ActivityKind.PROBLEM, status.path, text, Severity.PROBLEM)


def _settled(before: _Known, status: RunStatus) -> RunState:
    """A run that is read again from its front is not unknown for that."""
    return before.run_state if status.run_state is RunState.UNKNOWN else status.run_state


def _slug(before: _Known, status: RunStatus) -> str:
    """What is wrong. While it is tried again nothing is known to be better: the same is not told once more then."""
    if status.state in (SyncState.SYNCING, SyncState.WAITING):
        return before.slug
    lasting = status.state in (SyncState.PROBLEM, SyncState.SENT)
    return status.error["slug"] if status.error and lasting else ""


def _gaps(status: RunStatus) -> int:
    return status.damage.gaps if status.damage else 0
