"""How a sync is shown: a bar on a terminal, a line per change elsewhere, and a result that stays."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Protocol, TextIO, cast

from runferry.cli.output import Forgiving, say, tell, warn
from runferry.counted import count_of
from runferry.inert import inert

LONGEST_NAME = 60
MOST_DETAILS = 5
SYMBOLS = {
    "verified": "✓",
    "sent": "↑",
    "syncing": "↑",
    "waiting": "…",
    "retrying": "↻",
    "paused": "‖",
    "problem": "!",
}


class View(Protocol):
    """Shows messages while a sync goes on."""

    def show(self, message: dict[str, Any]) -> None: ...
    def __enter__(self) -> View: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


def make_view(quiet: bool) -> View:
    """A bar on a terminal, else plain lines."""
    return LineView() if quiet or not (sys.stderr and sys.stderr.isatty()) else BarView()


class LineView:
    """One line per notice; nothing that fills a log file."""

    def show(self, message: dict[str, Any]) -> None:
        """Print what servers and connections said."""
        for notice in message.get("notices", []):
            say(notice)

    def __enter__(self) -> LineView:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class BarView:
    """A bar over all runs: rows, bytes, rate, time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[rows]}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            console=Console(file=cast(TextIO, Forgiving(sys.stderr))),
            transient=True,
        )
        self._task = self._bar.add_task("Reading", total=None, rows="", rate="")
        self._started = time.monotonic()

    def show(self, message: dict[str, Any]) -> None:
        """Draw where all runs stand."""
        for notice in message.get("notices", []):
            self._bar.console.print(inert(notice), markup=False, highlight=False)
        runs = message.get("runs", [])
        done = sum(one["bytes_read"] for one in runs)
        total = sum(one["bytes_total"] for one in runs)
        sent = sum(one["rows_sent"] for one in runs)
        seconds = max(time.monotonic() - self._started, 0.1)
        self._bar.update(
            self._task,
            description=inert(_sentence(runs)),
            completed=done,
            total=max(total, 1),
            rows=f"{sum(one['rows_acknowledged'] for one in runs):,} of {sum(one['rows'] for one in runs):,} rows",
            rate=f"{size(done)} of {size(total)}, {sent / seconds:,.0f} rows/s",
        )

    def __enter__(self) -> BarView:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _sentence(runs: list[dict[str, Any]]) -> str:
    verified = sum(one["state"] == "verified" for one in runs)
    retrying = next((one for one in runs if one["state"] == "retrying"), None)
    if retrying and retrying.get("error"):
        return f"{retrying['error']['title']}, trying again"
    return f"Syncing {len(runs)} run{'s' if len(runs) != 1 else ''}, {verified} verified"


def print_results(runs: list[dict[str, Any]], quiet: bool) -> None:
    """A line per run, and its trouble in full."""
    for one in runs:
        if not quiet and one["run_id"]:  # what is no run has no line of results, only the reason below
            tell(result_line(one))
        error = one.get("error")
        if error and one["state"] != "verified":
            warn(one["path"], f"  {error['title']}", f"  {error['message']}", f"  What to do: {error['todo']}")
        damage = one.get("damage")
        if damage:
            lost = f"{count_of(damage['gaps'], 'gap')}, {size(damage['bytes'])} could not be read"
            if not damage["bytes"]:  # single values and records that were left out
                lost = "; ".join(damage["details"][:MOST_DETAILS])
            warn(one["path"], f"  Damaged: {lost}; the rest was sent.")


def result_line(run: dict[str, Any]) -> str:
    """One run in one line."""
    name = _called(run)
    if run.get("held"):
        return f"… waiting  {name}  {run['held']}. To send it: runferry sync {run['path']}"
    counts = f"{run['rows_acknowledged']:,} of {count_of(run['rows'], 'row')}, {count_of(run['files'], 'file')}"
    where = run["url"] or run["server"]
    if run.get("stop_requested"):
        where += "  (somebody asked the server to stop it)"
    return f"{SYMBOLS.get(run['state'], ' ')} {run['state']:<8} {name}  {counts}  {where}"


def _called(run: dict[str, Any]) -> str:
    """Its name, and the id that commands take: resnet-7 (a1b2c3d4)."""
    name, run_id = shortened(run["name"]), run["run_id"]
    return f"{name} ({run_id})" if name and run_id and name != run_id else name or run_id or run["path"]


def shortened(name: str) -> str:
    """A name as a line has room for it."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def size(count: float) -> str:
    """Bytes for people: 648 kB, 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return ""
