"""A scripted source of updates: it plays the engine's part for the bridge, tells what the test wrote into it, and
counts how often it was asked. And runs as snapshots, made of what a test says about them and of nothing else."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Set
from typing import Any

from runferry.desktop.bridge import Update
from runferry.desktop.summary import live_runs, totals
from runferry.events import EventBus
from runferry.status import RunState, RunStatus, ServerStatus, Snapshot, SyncState

URL = "https://wandb.company.com"
NOW = 1_800_000_000.0


def a_run(number: int = 0, /, **told: Any) -> RunStatus:
    """One run; `number` makes its name, folder and key."""
    values: dict[str, Any] = {
        "path": f"/runs/offline-run-{number}",
        "run_id": f"id{number}",
        "entity": "team",
        "project": "demo",
        "name": f"run-{number}",
        "server": URL,
        "url": f"{URL}/team/demo/runs/id{number}",
        "state": SyncState.VERIFIED,
        "run_state": RunState.FINISHED,
        "rows": 100,
        "rows_acknowledged": 100,
        "bytes_read": 1000,
        "bytes_total": 1000,
        "last_step": 99,
        "started": NOW - number * 60,
        "key": f"key{number}",
    }
    return RunStatus(**{**values, **told})


def a_snapshot(*runs: RunStatus, servers: tuple[ServerStatus, ...] = (), **more: Any) -> Snapshot:
    """Everything, at one moment."""
    return Snapshot("1", 1, NOW, runs, servers, **more)


def an_update(
    *runs: RunStatus, servers: tuple[ServerStatus, ...] = (), gone: tuple[str, ...] = (), **more: Any
) -> Update:
    """What a bridge brings; the totals are of these runs."""
    return Update(a_snapshot(servers=servers, **more), totals(runs), runs, gone, live=live_runs(runs))


class ScriptedSource:
    """Scripted: `runs` and `servers` are what the test put there. `asked` counts the questions."""

    def __init__(self, *runs: RunStatus) -> None:
        self.bus = EventBus()
        self.runs: dict[str, RunStatus] = {one.key: one for one in runs}
        self.servers: tuple[ServerStatus, ...] = ()
        self.asked: Counter[str] = Counter()
        self.threads: set[threading.Thread] = set()

    def put(self, run: RunStatus) -> None:
        """From now on the run is like this; nobody is told."""
        self.runs[run.key] = run

    def snapshot(self) -> Snapshot:
        self._noted("snapshot")
        return a_snapshot(*self.runs.copy().values(), servers=self.servers)

    def overview(self) -> Snapshot:
        self._noted("overview")
        return a_snapshot(servers=self.servers)

    def statuses(self, paths: Set[str]) -> tuple[RunStatus, ...]:
        self._noted("statuses")
        return tuple(one for one in self.runs.copy().values() if one.path in paths)

    def _noted(self, what: str) -> None:
        self.asked[what] += 1
        self.threads.add(threading.current_thread())
