"""The sentence on top of a run's page, in every state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from runferry.desktop.run.header import Header
from runferry.desktop.run.sentence import sentence
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, SyncState
from support.scripted import NOW, URL, a_run

RETRYING = ServerStatus(URL, ConnectionState.RETRYING, next_try=NOW + 42)
LIVE: dict[str, Any] = {"run_state": RunState.RUNNING, "rows": 12_400, "rows_acknowledged": 12_380}


@pytest.mark.parametrize(
    ("run", "server", "expected"),
    [
        (a_run(), None, "Finished, 100 rows, verified on wandb.company.com."),
        (a_run(rows=1), None, "Finished, 1 row, verified on wandb.company.com."),
        (
            a_run(state=SyncState.SYNCING, **LIVE),
            None,
            "Training, 12,400 rows, 12,380 sent to wandb.company.com.",
        ),
        (
            a_run(state=SyncState.SENT, run_state=RunState.KILLED),
            None,
            "Killed, 100 rows, all of them sent to wandb.company.com.",
        ),
        (
            a_run(state=SyncState.RETRYING, **LIVE),
            RETRYING,
            "Training, 12,400 rows, 12,380 sent, next try in 0:42.",
        ),
        (a_run(state=SyncState.RETRYING, **LIVE), None, "Training, 12,400 rows, 12,380 sent, retrying."),
        (
            a_run(state=SyncState.PAUSED, run_state=RunState.CRASHED),
            None,
            "Crashed: its process is gone, 100 rows, paused.",
        ),
        (a_run(state=SyncState.PROBLEM), None, "Finished, 100 rows, needs you."),
        (a_run(state=SyncState.WAITING, held="you decide"), None, "Not sent: you decide."),
    ],
)
def test_what_happens_is_said(run: RunStatus, server: ServerStatus | None, expected: str) -> None:
    assert sentence(run, server, NOW) == expected


@given(st.sampled_from(SyncState), st.sampled_from(RunState), st.sampled_from(ConnectionState), st.integers(0, 5))
def test_each_state_has_one(state: SyncState, run_state: RunState, connection: ConnectionState, rows: int) -> None:
    said = sentence(a_run(state=state, run_state=run_state, rows=rows), ServerStatus(URL, connection), NOW)
    assert said.endswith(".")
    assert "  " not in said


def test_the_header_holds_long_names_and_errors(qtbot: QtBot) -> None:
    header = Header(lambda: None, lambda: None)
    qtbot.addWidget(header)
    error = {"slug": "x", "title": "Refused", "message": "line\n" * 40, "todo": "Ask."}
    header.show_run(a_run(name="n" * 200, state=SyncState.PROBLEM, error=error), None, NOW)
    header.resize(519, 400)
    header.show()
    assert header.minimumSizeHint().width() <= 519
    assert header.minimumSizeHint().height() < 300  # the tabs below stay usable
