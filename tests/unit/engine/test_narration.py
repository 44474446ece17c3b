"""What `watch` tells of a run: each thing that matters, once."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from runferry.clock import SystemClock
from runferry.engine.narration import Narrator
from runferry.events import Event, EventBus
from runferry.status import RunState, RunStatus, Snapshot, SyncState

ERROR = {"slug": "artifacts", "title": "Not all was sent", "message": "The log holds 1.", "todo": "Wait.", "cause": ""}


def told(**values: Any) -> list[str]:
    """The lines of a narrator that sees this state a few times."""
    fields = {"path": "/runs/a", "run_id": "a", "entity": "e", "project": "p", "name": "fit", "server": "s", "url": "u"}
    status = RunStatus(**{**fields, "rows": 7, **values})
    stop, lines, rounds = threading.Event(), [], []
    bus = EventBus()

    def end_of_round() -> None:
        """The run is said to have changed; after three rounds it is enough."""
        bus.publish(Event("run", status.path))
        rounds.append(1)
        if len(rounds) == 3:
            stop.set()

    engine = SimpleNamespace(
        bus=bus,
        clock=SystemClock(),
        snapshot=lambda: Snapshot(version="0", pid=1, time=0.0, runs=(status,)),
        statuses=lambda paths: [status] if status.path in paths else [],
        look_after_local_server=end_of_round,
    )
    Narrator(engine, lines.append).run(stop)  # type: ignore[arg-type]
    return lines


@pytest.mark.parametrize(
    ("state", "run_state", "error", "beginning"),
    [
        (SyncState.VERIFIED, RunState.FINISHED, None, "✓ fit: finished, 7 rows verified"),
        (SyncState.SENT, RunState.RUNNING, None, "● fit: live"),
        (SyncState.PROBLEM, RunState.FINISHED, ERROR, "! fit: Not all was sent. The log holds 1. Wait."),
        (SyncState.SENT, RunState.FINISHED, ERROR, "↑ fit: 7 rows sent, not verified. Not all was sent."),
    ],
)
def test_a_state_that_matters_is_told_once(
    state: SyncState, run_state: RunState, error: dict[str, str] | None, beginning: str
) -> None:
    lines = told(state=state, run_state=run_state, error=error)
    assert len(lines) == 1
    assert lines[0].startswith(beginning)


def test_what_is_on_its_way_needs_no_line() -> None:
    assert told(state=SyncState.SYNCING, run_state=RunState.FINISHED) == []
