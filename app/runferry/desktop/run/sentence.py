"""What is happening with a run, in one sentence: "Training on this computer, 12,400 rows written, 12,380 sent."."""

from __future__ import annotations

from runferry.desktop.look import amounts
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, SyncState

_TRAINING = {
    RunState.RUNNING: tr("Training"),
    RunState.QUIET: tr("Quiet: nothing was written for a while"),
    RunState.FINISHED: tr("Finished"),
    RunState.FAILED: tr("Failed"),
    RunState.KILLED: tr("Killed"),
    RunState.CRASHED: tr("Crashed: its process is gone"),
    RunState.UNKNOWN: tr("Nobody knows whether it still runs"),
}


def sentence(run: RunStatus, server: ServerStatus | None, now: float) -> str:
    """How the training is, and how far it is on its way. now: seconds since the epoch."""
    if run.held:
        return tr("Not sent: {why}.", why=run.held)
    training = _TRAINING[run.run_state]
    if run.run_state is RunState.QUIET and run.changed is not None:
        training = tr("Quiet: nothing was written for {time}", time=amounts.ago(run.changed, now))
    parts = [training, plural(run.rows, "{n} row", "{n} rows")]
    parts.append(_way(run, server, now))
    return ", ".join(one for one in parts if one) + "."


def _way(run: RunStatus, server: ServerStatus | None, now: float) -> str:
    where = server_name(run.server)
    if run.state is SyncState.VERIFIED:
        return tr("verified on {server}", server=where)
    if run.state is SyncState.PROBLEM:
        return tr("needs you")
    if run.state is SyncState.PAUSED:
        return tr("paused")
    waiting = server is not None and server.state in (ConnectionState.RETRYING, ConnectionState.PORTAL)
    if run.state is SyncState.RETRYING or waiting:
        after = ""
        if server is not None and server.next_try is not None:
            after = amounts.countdown(server.next_try - now)
        sent = tr("{n} sent", n=amounts.count(run.rows_acknowledged))
        return tr("{sent}, next try in {time}", sent=sent, time=after) if after else tr("{sent}, retrying", sent=sent)
    if run.rows and run.rows_acknowledged >= run.rows:
        return tr("all of them sent to {server}", server=where)
    return tr("{n} sent to {server}", n=amounts.count(run.rows_acknowledged), server=where)
