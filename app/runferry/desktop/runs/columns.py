"""The columns of the list: what each shows, how it sorts, and whether it is a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runferry.desktop.look import amounts, words
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.inert import inert
from runferry.status import RunState, RunStatus, SyncState

_ORDER = (
    SyncState.PROBLEM,
    SyncState.RETRYING,
    SyncState.SYNCING,
    SyncState.WAITING,
    SyncState.PAUSED,
    SyncState.SENT,
    SyncState.VERIFIED,
)

_KIND = re.compile(r"^(offline-run|dryrun|run)-(?=\d{8}_\d{6}-)")


@dataclass(frozen=True)
class Column:
    """`text` is what is shown and read aloud; `sort` gives what it is sorted by."""

    name: str
    title: str
    text: Callable[[RunStatus, float], str]
    sort: Callable[[RunStatus], Any]
    width: int
    is_number: bool = False


def run_name(run: RunStatus) -> str:
    """What people call it: its name, else its id."""
    return inert(run.name or run.run_id or run.path.rstrip("/").rpartition("/")[2])


def told_apart(path: str, run_id: str) -> str:
    """What tells runs of one name apart: the folder without its kind, and the id where the folder does not name it."""
    folder = _KIND.sub("", path.rstrip("/").rpartition("/")[2])
    return folder if run_id in folder else f"{folder}, {run_id}"


def progress(run: RunStatus) -> float | None:
    """Rows sent of rows known, 0 to 1; None where nothing is known yet or there is nothing to send."""
    if run.held or not run.rows:
        return None
    share = min(run.rows_acknowledged / run.rows, 1.0)
    if run.bytes_total and run.bytes_read < run.bytes_total and run.state is not SyncState.VERIFIED:
        share *= run.bytes_read / run.bytes_total  # what was not read yet is not known as rows
    return share


def ended_badly(run: RunStatus) -> bool:
    """Whether its training did not come to its own end, however well the run was sent."""
    return run.run_state in (RunState.FAILED, RunState.KILLED, RunState.CRASHED)


def progress_text(run: RunStatus) -> str:
    """What stands beside the bar, or in its place."""
    if run.held:
        return tr("not sent")
    if run.state is SyncState.PROBLEM and run.error:
        return run.error.get("title", "")
    ended = f", {words.RUN[run.run_state]}" if ended_badly(run) else ""
    if run.damage is not None and run.damage.gaps:
        return plural(run.damage.gaps, "{n} gap", "{n} gaps") + ended
    if run.state is SyncState.VERIFIED:
        return tr("verified") + ended
    share = progress(run)
    if share is None:
        return ""
    return amounts.count(run.rows_acknowledged) if share >= 1 else f"{int(share * 100)}%"  # 100 % is all of it


def state_text(run: RunStatus) -> str:
    """The word of the state, and what became of the training where that says more."""
    word = words.of_run(run).word
    if ended_badly(run):
        return f"{word}, {words.RUN[run.run_state]}"
    return word


COLUMNS = (
    Column("state", "", lambda run, now: state_text(run), lambda run: _ORDER.index(run.state), 40),
    Column("name", tr("Name"), lambda run, now: run_name(run), lambda run: run_name(run).lower(), 240),
    Column("project", tr("Project"), lambda run, now: run.project or "—", lambda run: run.project.lower(), 96),
    Column("server", tr("Server"), lambda run, now: server_name(run.server), lambda run: run.server, 120),
    Column("progress", tr("Progress"), lambda run, now: progress_text(run), lambda run: progress(run) or 0.0, 118),
    Column(
        "step",
        tr("Last step"),
        lambda run, now: "" if run.last_step is None else amounts.count(run.last_step),
        lambda run: -1 if run.last_step is None else run.last_step,
        74,
        True,
    ),
    Column(
        "size",
        tr("Size"),
        lambda run, now: amounts.size(run.bytes_total) if run.bytes_total else "",
        lambda run: run.bytes_total,
        68,
        True,
    ),
    Column(
        "started", tr("Started"), lambda run, now: amounts.ago(run.started, now), lambda run: run.started or 0, 82, True
    ),
)


def searched(run: RunStatus) -> str:
    """What the words of a search are looked for in."""
    return f"{run.name} {run.run_id} {run.project} {run.entity} {run.server} {run.path}".lower()


class Filter:
    """Which runs are shown: words that must all occur, and a kind of state."""

    KINDS = ("all", "live", "problem", "waiting", "syncing", "damaged", "verified")

    def __init__(self, text: str = "", kind: str = "all") -> None:
        self.words = text.lower().split()
        self.kind = kind

    def takes(self, run: RunStatus, text: str | None = None) -> bool:
        """Whether a run is shown. text: its `searched`, where somebody kept it."""
        if self.kind != "all" and not self._kind(run):
            return False
        if not self.words:
            return True
        whole = searched(run) if text is None else text
        return all(word in whole for word in self.words)

    def _kind(self, run: RunStatus) -> bool:
        if self.kind == "all":
            return True
        if self.kind == "live":
            return run.run_state in (RunState.RUNNING, RunState.QUIET) and not run.held
        if self.kind == "problem":
            return run.state in (SyncState.PROBLEM, SyncState.RETRYING)
        if self.kind == "waiting":
            return run.state in (SyncState.WAITING, SyncState.PAUSED)
        if self.kind == "syncing":
            return run.state in (SyncState.SYNCING, SyncState.SENT)
        if self.kind == "damaged":
            return run.damage is not None and run.damage.gaps > 0
        return run.state is SyncState.VERIFIED
