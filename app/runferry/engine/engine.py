"""The engine: builds the parts, starts and stops them, and answers what a front asks. No logic of its own.

Any thread may call it. `start` needs the state folder to be free (the caller holds the owner's lock).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Set

from runferry.at_work import AT_WORK
from runferry.clock import Clock, SystemClock
from runferry.engine import problems, showing
from runferry.engine.activity import MOST, SEVERITIES, Activity, ActivityKind, Severity, kind_of_notice
from runferry.engine.changed_logs import ChangedLogs
from runferry.engine.changes import Changes
from runferry.engine.code_state.keeper import CodeState
from runferry.engine.connections import Connections
from runferry.engine.controls import Controls
from runferry.engine.delivering import Delivering
from runferry.engine.front import Front
from runferry.engine.host_metrics import HostMetrics
from runferry.engine.job import SyncJob
from runferry.engine.late_samples import LateSamples
from runferry.engine.link_watch import LinkWatch
from runferry.engine.local_server import LocalServer
from runferry.engine.metered import Metered
from runferry.engine.outside import Outside
from runferry.engine.pauses import Pauses
from runferry.engine.remembered import Remembered
from runferry.engine.run_news import RunNews
from runferry.engine.settled import Key, Settled
from runferry.engine.shared_means import SharedMeans
from runferry.engine.stopping import Stopper
from runferry.engine.stuck_parts import StuckParts
from runferry.engine.watching import Watching
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.paths import Home
from runferry.right_of_way import Turns
from runferry.settings import Settings
from runferry.state.activity import ActivityTable
from runferry.state.asked import AskedTable
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.state.pauses import PauseTable
from runferry.state.rebuilding import open_or_rebuild
from runferry.status import Problem, RunStatus, Snapshot
from runferry.sync.run_sync import RunSync
from runferry.sync.scheduler import Scheduler

log = logging.getLogger(__name__)


class Engine(Controls, Delivering, Outside):
    """One per process."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.home = home
        self.settings = settings
        self.rebuilt: AppError | None = None  # what is to be told of a damaged state file
        self.bus = EventBus()
        self.clock = clock or SystemClock()
        self.environ = dict(os.environ if environ is None else environ)
        self._database = Database(home.database_file)
        self.ledger = Ledger(self._database, self.clock)
        self.local_server = LocalServer(home.store, settings.local_server_port, self.clock)
        self.activity = Activity(ActivityTable(self._database, MOST), self.clock, self.bus)
        self.front = Front()
        self.news = RunNews(self.activity, self.ledger)
        self.pauses = Pauses(self, PauseTable(self._database))
        self.metered = Metered(self)
        self.remembered = Remembered(self, AskedTable(self._database))
        self.connections = Connections(settings, self.local_server, self.clock, self._notice, self._connected)
        self._scheduler = Scheduler(self.clock, settings.parallel_uploads, self._stumbled)
        self.local_server.on_moved = self._notice
        self.permit = Turns()
        self._lock = threading.Lock()
        self._changing = threading.Lock()
        self._runs: dict[Key, RunSync] = {}
        self.settled = Settled(self.ledger, self.clock, self._runs, self._lock)
        self._jobs: list[SyncJob] = []
        self.faults: dict[str, AppError] = {}  # by part: what should never have happened, and was got over
        self.watching = Watching(self)
        self.code_state = CodeState(home.code, lambda: self.settings, self._tell)
        self.link_watch = LinkWatch(self.ledger.links, self.watching.links.are_known)
        self.stopper = Stopper(lambda: self.settings.stop_wait)
        self._changes = Changes(home.settings_file, self.network_changed, self.reload_settings, on_look=self._look)
        self._late_samples = LateSamples()
        self._changed_logs = ChangedLogs()
        self._stuck_parts = StuckParts(AT_WORK, lambda text: self._notice("", text, ActivityKind.PROBLEM))
        self._stuck_parts.use(settings)
        self._means = SharedMeans(self)
        self.host_metrics = HostMetrics(home.samples, settings, self.live_folders, self._wake_at, self._wake_at)

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> Engine:
        """Open the state and start the threads. Raises AppError."""
        self.rebuilt = open_or_rebuild(self._database)
        self.activity.load()
        if self.rebuilt is not None:
            log.warning("%s", self.rebuilt)
            self.activity.note(ActivityKind.PROBLEM, "", self.rebuilt.one_line(), Severity.WARNING)
        self._scheduler.start()
        self._changes.start()
        return self

    def stop(self) -> None:
        """End threads, connections and the local server that this engine started; the commit in hand is finished."""
        self._changes.stop()
        self.watching.stop()
        self._leave()
        self._scheduler.stop(self.connections.cut_off)
        self.connections.close()
        self.local_server.stop()
        self._database.close()

    def __enter__(self) -> Engine:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- what a front does --------------------------------------------------------------------------------------------

    def wake(self, run: RunSync) -> None:
        """The run's log grew."""
        self._scheduler.grew(run)

    def statuses(self, paths: Set[str]) -> tuple[RunStatus, ...]:
        """The runs in these folders at this moment."""
        return showing.statuses(self, self._all(), paths)

    def snapshot(self) -> Snapshot:
        """Everything at this moment."""
        return showing.snapshot(self, self._all())

    def overview(self) -> Snapshot:
        """Servers, folders and problems, without the runs: cheap, however many there are."""
        return showing.overview(self, self._all())

    def problems(self) -> tuple[Problem, ...]:
        """What needs a person."""
        return self.overview().problems

    # -- inside -------------------------------------------------------------------------------------------------------

    def _all(self) -> list[RunSync]:
        with self._lock:
            return list(self._runs.values())

    def _changed(self, run: RunSync) -> None:
        self.watching.run_changed(run)
        self.news.look(run)
        if self.settled.put_away(run, self._own_wishes):
            self._scheduler.remove(run)
            self.watching.retired(run)
            self.news.forget(run)
        self.bus.publish(Event("run", str(run.folder.path)))
        for job in list(self._jobs):
            if run in job.runs:
                job.changed.set()

    def _stumbled(self, error: BaseException) -> None:
        """A worker of the queue failed, and goes on."""
        self.faults["queue"] = fault = problems.part_failed("delivering runs", error)
        self._notice("", f"{fault.title}. {fault.message}", ActivityKind.PROBLEM)

    def _notice(self, url: str, text: str, kind: ActivityKind | None = None) -> None:
        log.warning("%s: %s", url, text)
        if kind is None:
            states = [one.state for one in self.connections.named(url)] if url else []
            kind = kind_of_notice(states[0] if states else None)
        self.activity.note(kind, url, text, SEVERITIES.get(kind, Severity.INFO))
        self.bus.publish(Event("server", url, text))
