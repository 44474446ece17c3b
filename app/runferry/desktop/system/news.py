"""What is worth a notification: the changes of runs and servers that a person wants to hear of. Needs no window.

What was already so when the app started is no news, and an outage is news once, however often it is tried again and
however often the app is started meanwhile: `remembered` is kept between two starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from runferry.desktop.look import amounts
from runferry.desktop.text import plural, tr
from runferry.inert import inert
from runferry.status import ConnectionState, RunState, RunStatus, ServerStatus, SyncState

REMEMBERED = 1000
"""So many things that were told are remembered; the oldest are forgotten first."""

_LIVE = (RunState.RUNNING, RunState.QUIET)
_WELL = (SyncState.SENT, SyncState.VERIFIED)
_REACHED = (ConnectionState.ONLINE, ConnectionState.SLOWED)
_NEEDS_PERSON = (ConnectionState.REFUSED, ConnectionState.UNTRUSTED, ConnectionState.PORTAL)


class NewsKind(Enum):
    """Each can be switched off: the value is the setting's name without ``notify_``."""

    FINISHED = "finished"
    CRASHED = "crashed"
    QUIET = "quiet"
    ATTENTION = "attention"
    DAMAGE = "damage"


_ENDS = {
    RunState.FINISHED: NewsKind.FINISHED,
    RunState.FAILED: NewsKind.CRASHED,
    RunState.KILLED: NewsKind.CRASHED,
    RunState.CRASHED: NewsKind.CRASHED,
}


@dataclass(frozen=True)
class News:
    """`subject`: a run's key or a server's URL. `name`: what it is about; `title`, `text`: for people."""

    kind: NewsKind
    subject: str
    name: str
    title: str
    text: str


class NewsFinder:
    """Compares what is with what was. Used on one thread. started: epoch seconds, when the app began to look."""

    def __init__(self, started: float, remembered: Iterable[str] = ()) -> None:
        self._started = started
        self._told = dict.fromkeys(remembered)  # in the order in which they were told
        self._runs: dict[str, RunState] = {}  # by folder: one run on its way to two servers is one run
        self._live: set[str] = set()  # folders of runs that were seen to live

    @property
    def remembered(self) -> list[str]:
        """What is not to be told again at the next start."""
        return list(self._told)[-REMEMBERED:]

    def take(self, servers: Iterable[ServerStatus], runs: Iterable[RunStatus]) -> list[News]:
        """The news in this update: `servers` are all of them, `runs` those that changed."""
        servers = list(servers)
        causes = {(one.cause or {}).get("slug") for one in servers if one.state in _NEEDS_PERSON}
        found = [self._server(one) for one in servers]
        for run in runs:
            found += [self._life(run), self._damage(run), self._problem(run, causes)]
        return [one for one in found if one is not None]

    # -- inside -------------------------------------------------------------------------------------------------------

    def _server(self, server: ServerStatus) -> News | None:
        mark = f"server {server.url}"
        if server.state in _REACHED:
            self._told.pop(mark, None)
        if server.state not in _NEEDS_PERSON or not self._is_new(mark):
            return None
        cause = server.cause or {}
        name = server.url.partition("://")[2].split("/")[0] or server.url
        title = tr("{server} needs you", server=name)
        return News(NewsKind.ATTENTION, server.url, name, title, cause.get("title", ""))

    def _life(self, run: RunStatus) -> News | None:
        before = self._runs.get(run.path)
        self._runs[run.path] = run.run_state
        if run.run_state in _LIVE:
            self._live.add(run.path)
        if before is run.run_state:
            return None
        if run.run_state is RunState.QUIET and before is RunState.RUNNING:
            return News(NewsKind.QUIET, run.key, _name(run), tr("{run} went quiet", run=_name(run)), _progress(run))
        kind = _ENDS.get(run.run_state)
        if kind is None or not self._was_here(run) or before in _ENDS:
            return None
        self._live.discard(run.path)
        return News(kind, run.key, _name(run), _end_title(run), _progress(run))

    def _was_here(self, run: RunStatus) -> bool:
        """Whether the run lived while the app did; one that ended before is no news."""
        return run.path in self._live or (run.started is not None and run.started >= self._started)

    def _damage(self, run: RunStatus) -> News | None:
        if run.held or run.damage is None or not run.damage.gaps or not self._is_new(f"damage {run.path}"):
            return None
        lost = plural(run.damage.rows, "{n} row is lost", "{n} rows are lost") if run.damage.rows else ""
        text = lost or tr("{size} cannot be read", size=amounts.size(run.damage.bytes))
        if not run.damage.bytes and run.damage.details:  # single values that were left out
            text = run.damage.details[0]
        return News(NewsKind.DAMAGE, run.key, _name(run), tr("{run} is damaged", run=_name(run)), text)

    def _problem(self, run: RunStatus, causes: set[str | None]) -> News | None:
        mark = f"problem {run.path} {run.server}"
        if run.state in _WELL:
            self._told.pop(mark, None)
        error = run.error or {}
        if run.state is not SyncState.PROBLEM or error.get("slug") in causes or not self._is_new(mark):
            return None  # what stops all runs of a server is told of the server
        return News(
            NewsKind.ATTENTION, run.key, _name(run), tr("{run} needs you", run=_name(run)), error.get("title", "")
        )

    def _is_new(self, mark: str) -> bool:
        if mark in self._told:
            return False
        self._told[mark] = None
        return True


def _name(run: RunStatus) -> str:
    return inert(run.name or run.run_id)


def _end_title(run: RunStatus) -> str:
    titles = {
        RunState.FINISHED: tr("{run} finished", run=_name(run)),
        RunState.FAILED: tr("{run} failed", run=_name(run)),
        RunState.KILLED: tr("{run} was stopped", run=_name(run)),
        RunState.CRASHED: tr("{run} crashed", run=_name(run)),
    }
    return titles[run.run_state]


def _progress(run: RunStatus) -> str:
    """Where it is at: project and last step."""
    step = "" if run.last_step is None else tr("step {n}", n=amounts.count(run.last_step))
    return " · ".join(one for one in (run.project, step) if one)
