"""The state of everything as one mood and one sentence: what the tray icon, its tooltip and the sidebar show."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from runferry.desktop.look import amounts
from runferry.desktop.own_server import is_own
from runferry.desktop.text import plural, tr
from runferry.servers import is_loopback
from runferry.status import ConnectionState, RunStatus, ServerStatus, Snapshot, SyncState

MOST_LIVE = 12  # runs that a menu has room for
KEEPS_UP, KEEPS_UP_ROWS = 1 << 20, 1000  # bytes and rows that a live run may be behind
_MOVING = (SyncState.SYNCING, SyncState.WAITING)


class Mood(Enum):
    """What the icon shows, worst first."""

    ATTENTION = "attention"
    RETRYING = "retrying"
    PAUSED = "paused"
    SYNCING = "syncing"
    UP_TO_DATE = "ok"


@dataclass(frozen=True)
class Totals:
    """Sums over all runs. `*_bytes`: of their logs."""

    runs: int = 0
    live: int = 0
    syncing: int = 0
    waiting: int = 0
    held: int = 0
    verified: int = 0
    problems: int = 0
    verified_bytes: int = 0
    waiting_bytes: int = 0
    rows_waiting: int = 0
    by_state: dict[SyncState, int] = field(default_factory=dict)


def totals(runs: Iterable[RunStatus]) -> Totals:
    """Count."""
    now = time.time()
    by_state = dict.fromkeys(SyncState, 0)
    number = live = syncing = held = waiting = verified_bytes = waiting_bytes = rows = 0
    for run in runs:
        number += 1
        by_state[run.state] += 1
        is_live = run.seems_live(now) and not run.held
        live += is_live
        syncing += run.state is SyncState.SYNCING and not (is_live and _keeps_up(run))
        held += bool(run.held)
        waiting += run.state is SyncState.WAITING and not run.held
        if run.state is SyncState.VERIFIED:
            verified_bytes += run.bytes_total
        elif not run.held:
            waiting_bytes += max(run.bytes_total - run.bytes_read, 0)
            rows += max(run.rows - run.rows_acknowledged, 0)
    return Totals(
        runs=number,
        live=live,
        syncing=syncing,
        waiting=waiting,
        held=held,
        verified=by_state[SyncState.VERIFIED],
        problems=by_state[SyncState.PROBLEM],
        verified_bytes=verified_bytes,
        waiting_bytes=waiting_bytes,
        rows_waiting=rows,
        by_state=by_state,
    )


def _keeps_up(run: RunStatus) -> bool:
    """Whether a live run is sent as it is written: the icon would move and stand still twice a second."""
    return run.bytes_total - run.bytes_read <= KEEPS_UP and run.rows - run.rows_acknowledged <= KEEPS_UP_ROWS


def live_runs(runs: Iterable[RunStatus]) -> tuple[RunStatus, ...]:
    """The newest of those that train now, newest first; how many there are is in the totals."""
    now = time.time()
    live = (one for one in runs if one.seems_live(now) and not one.held)
    return tuple(heapq.nlargest(MOST_LIVE, live, key=lambda one: one.started or 0))


@dataclass(frozen=True)
class Summary:
    """`headline`: two or three words; `sentence`: the whole; `retry`: a second line while a server does not answer."""

    mood: Mood
    headline: str
    sentence: str
    retry: str = ""


def summarize(overview: Snapshot, counted: Totals, now: float) -> Summary:
    """How everything is. now: seconds since the epoch."""
    retrying = [one for one in overview.servers if one.state in (ConnectionState.RETRYING, ConnectionState.PORTAL)]
    stopped = [one for one in overview.servers if one.state in (ConnectionState.REFUSED, ConnectionState.UNTRUSTED)]
    paused = [one for one in overview.servers if one.state is ConnectionState.PAUSED]
    problems = len(overview.problems) or counted.problems + len(stopped)
    retry = retry_line(retrying[0], now) if retrying else ""
    live = plural(counted.live, "{n} run live, ", "{n} runs live, ") if counted.live else ""
    if problems:
        headline = plural(problems, "{n} problem", "{n} problems")
        why = (stopped[0].cause or {}).get("title", "") if stopped else ""
        sentence = (
            f"{server_name(stopped[0].url)}: {why}"
            if stopped
            else plural(problems, "{n} problem needs you", "{n} problems need you")
        )
        return Summary(Mood.ATTENTION, headline, sentence, retry)
    if retrying:
        return Summary(Mood.RETRYING, tr("Retrying"), retry, retry)
    if _is_held(overview):
        return Summary(Mood.PAUSED, tr("Paused"), tr("Paused: metered network"))
    if overview.is_paused or (paused and len(paused) == len(overview.servers)):
        until = overview.paused_until
        end = tr("Paused until {time}", time=amounts.moment(until, now)) if until is not None else ""
        return Summary(Mood.PAUSED, tr("Paused"), end or tr("Paused: nothing is sent until you resume"))
    if counted.syncing or counted.waiting:
        done = counted.by_state.get(SyncState.SENT, 0) + counted.verified
        where = tr("Syncing {n} of {all}", n=counted.syncing + counted.waiting, all=counted.runs - counted.held)
        return Summary(Mood.SYNCING, tr("Syncing"), f"{where} — {plural(done, '{n} run done', '{n} runs done')}")
    verified = tr("{n} verified", n=amounts.count(counted.verified))
    return Summary(Mood.UP_TO_DATE, tr("Up to date"), f"{tr('Up to date')} — {live}{verified}")


def _is_held(overview: Snapshot) -> bool:
    """Whether nothing leaves this computer, because of the network."""
    away = [one for one in overview.servers if not is_loopback(one.url)]
    return any(one.paused_because for one in away) and all(one.state is ConnectionState.PAUSED for one in away)


def retry_line(server: ServerStatus, now: float) -> str:
    """Retrying wandb.company.com — next try in 0:42"""
    name = server_name(server.url)
    if server.next_try is None or server.next_try <= now:
        return tr("Retrying {server} — trying now", server=name)
    return tr("Retrying {server} — next try in {time}", server=name, time=amounts.countdown(server.next_try - now))


def server_name(url: str) -> str:
    """A server as people call it: its host, or this computer, where it is the app's own."""
    if is_own(url):
        return tr("this computer")
    return url.partition("://")[2].split("/")[0] or url
