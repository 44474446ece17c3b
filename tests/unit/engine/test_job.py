"""How a sync ended is told from one look, not from two between which a live run may be taken up again."""

from __future__ import annotations

from typing import Any

from runferry.engine.job import SyncJob, exit_code
from runferry.status import RunState, RunStatus, SyncState


class Run:
    """At rest, and under way again when it is asked how it stands: what a live run does between two looks."""

    at_rest = True

    def __init__(self, *states: SyncState) -> None:
        self._states = list(states)

    def status(self) -> RunStatus:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return RunStatus("p", "r", "e", "p", "n", "s", "u", state, RunState.QUIET)


def job(*runs: Any) -> SyncJob:
    return SyncJob(runs=list(runs))


def test_a_run_that_is_taken_up_again_is_no_outcome() -> None:
    one = job(Run(SyncState.SYNCING, SyncState.VERIFIED))
    assert one.outcome() is None
    outcome = one.outcome()
    assert outcome is not None
    assert exit_code(outcome) == 0


def test_the_exit_code_is_of_what_was_shown() -> None:
    outcome = job(Run(SyncState.VERIFIED, SyncState.SYNCING)).outcome()
    assert outcome is not None
    assert [one.state for one in outcome] == [SyncState.VERIFIED]
    assert exit_code(outcome) == 0
    assert exit_code([*outcome, RunStatus("p", "r", "e", "p", "n", "s", "u", SyncState.SENT, RunState.QUIET)]) == 1
