"""States as people see them: one shape, one tone and one word each."""

from __future__ import annotations

import time
from dataclasses import dataclass

from runferry.desktop.look.theme import Tone
from runferry.status import ConnectionState, RunState, RunStatus, SyncState


@dataclass(frozen=True)
class Look:
    """`shape` names an icon; `word` may be shown beside it or read aloud instead of it."""

    shape: str
    tone: Tone
    word: str


SYNC = {
    SyncState.WAITING: Look("state-waiting", Tone.SUBTLE, "Not sent yet"),
    SyncState.SYNCING: Look("state-syncing", Tone.ACCENT, "Syncing"),
    SyncState.RETRYING: Look("state-retrying", Tone.WARN, "Retrying"),
    SyncState.PAUSED: Look("state-paused", Tone.SUBTLE, "Paused"),
    SyncState.SENT: Look("state-sent", Tone.ACCENT, "Sent"),
    SyncState.VERIFIED: Look("state-verified", Tone.GOOD, "Verified"),
    SyncState.PROBLEM: Look("state-problem", Tone.BAD, "Problem"),
}
QUIET = Look("moon", Tone.SUBTLE, "Quiet")
LIVE = Look("state-live", Tone.LIVE, "Live")
DAMAGED = Look("state-damaged", Tone.DAMAGED, "Damaged")

RUN = {
    RunState.RUNNING: "training",
    RunState.QUIET: "quiet",
    RunState.FINISHED: "finished",
    RunState.FAILED: "failed",
    RunState.KILLED: "killed",
    RunState.CRASHED: "crashed",
    RunState.UNKNOWN: "not known",
}

CONNECTION = {
    ConnectionState.IDLE: Look("state-waiting", Tone.SUBTLE, "Not used yet"),
    ConnectionState.ONLINE: Look("state-verified", Tone.GOOD, "Online"),
    ConnectionState.RETRYING: Look("state-retrying", Tone.WARN, "Retrying"),
    ConnectionState.REFUSED: Look("state-problem", Tone.BAD, "Key refused"),
    ConnectionState.UNTRUSTED: Look("state-problem", Tone.BAD, "Not trusted"),
    ConnectionState.PORTAL: Look("state-retrying", Tone.WARN, "Sign-in page"),
    ConnectionState.SLOWED: Look("state-verified", Tone.GOOD, "Online, slowed by the server"),
    ConnectionState.PAUSED: Look("state-paused", Tone.SUBTLE, "Paused"),
}


def of_run(run: RunStatus) -> Look:
    """What a row of the list shows: trouble first, then that it is live, then how far it is."""
    if run.state in (SyncState.PROBLEM, SyncState.RETRYING, SyncState.PAUSED):
        return SYNC[run.state]
    if run.run_state in (RunState.RUNNING, RunState.QUIET) and run.state is not SyncState.WAITING:
        return LIVE if run.seems_live(time.time()) else QUIET
    if run.damage is not None and run.damage.gaps and run.state in (SyncState.VERIFIED, SyncState.SENT):
        return DAMAGED
    return SYNC[run.state]
