"""The engine: builds the parts, starts and stops them, and answers what a front asks. No logic of its own.

Any thread may call it. `start` needs the state folder to be free (the caller holds the owner's lock).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Set
from pathlib import Path

from runferry.clock import Clock, SystemClock
from runferry.control import is_carried
from runferry.engine import showing
from runferry.engine.activity import MOST, SEVERITIES, Activity, ActivityKind, Severity, kind_of_notice
from runferry.engine.changes import Changes
from runferry.engine.code_state.keeper import CodeState
from runferry.engine.connections import Connections
from runferry.engine.controls import Controls
from runferry.engine.finding import find_folders, new_run_id
from runferry.engine.host_metrics import HostMetrics
from runferry.engine.job import SyncJob, SyncRequest
from runferry.engine.late_samples import LateSamples, are_due
from runferry.engine.local_server import LocalServer
from runferry.engine.metered import Metered
from runferry.engine.outside import Outside
from runferry.engine.pauses import Pauses
from runferry.engine.remembered import Remembered
from runferry.engine.run_news import RunNews
from runferry.engine.settled import Key, Settled, log_in
from runferry.engine.shared_means import SharedMeans
from runferry.engine.stopping import Stopper
from runferry.engine.watched import WatchedFolder
from runferry.engine.watching import Watching
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.formats.detect import RunFolder
from runferry.paths import Home
from runferry.settings import Settings
from runferry.state.activity import ActivityTable
from runferry.state.asked import AskedTable
from runferry.state.database import Database
from runferry.state.ledger import Ledger
from runferry.state.pauses import PauseTable
from runferry.state.samples import collected_in
from runferry.status import Problem, RunStatus, Snapshot
from runferry.sync.connection import Connection
from runferry.sync.destination import Destination
from runferry.sync.run_sync import RunSync
from runferry.sync.scheduler import Scheduler
from runferry.sync.wishes import Wishes, app_wishes, combine

log = logging.getLogger(__name__)


class Engine(Controls, Outside):
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
        self.bus = EventBus()
        self.clock = clock or SystemClock()
        self.environ = dict(os.environ if environ is None else environ)
        self._database = Database(home.database_file)
        self.ledger = Ledger(self._database, self.clock)
        self.local_server = LocalServer(home.store, settings.local_server_port, self.clock)
        self.activity = Activity(ActivityTable(self._database, MOST), self.clock, self.bus)
        self.news = RunNews(self.activity, self.ledger)
        self.pauses = Pauses(self, PauseTable(self._database))
        self.metered = Metered(self)
        self.remembered = Remembered(self, AskedTable(self._database))
        self.connections = Connections(settings, self.local_server, self.clock, self._notice, self._connected)
        self._scheduler = Scheduler(self.clock, settings.parallel_uploads)
        self.permit = threading.Semaphore(1)
        self._lock = threading.Lock()
        self._changing = threading.Lock()
        self._runs: dict[Key, RunSync] = {}
        self.settled = Settled(self.ledger, self.clock, self._runs, self._lock)
        self._jobs: list[SyncJob] = []
        self.watching = Watching(self)
        self.code_state = CodeState(home.code, lambda: self.settings, self._tell)
        self.stopper = Stopper(lambda: self.settings.stop_wait)
        self._changes = Changes(home.settings_file, self.network_changed, self.reload_settings, on_look=self._look)
        self._late_samples = LateSamples()
        self._means = SharedMeans(self)
        self.host_metrics = HostMetrics(home.samples, settings, self.live_folders, self._wake_at, self._wake_at)

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> Engine:
        """Open the state and start the threads. Raises AppError."""
        self._database.open()
        self.activity.load()
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

    # -- asking for a sync --------------------------------------------------------------------------------------------

    def sync(self, request: SyncRequest, environ: Mapping[str, str] | None = None) -> SyncJob:
        """Start syncing what the request names. Raises AppError when the server cannot be used at all."""
        settings = self.settings
        if environ is None:
            environ = self.environ
        else:
            environ = instead_of(self.environ, environ)
            settings = Settings.load(self.home.settings_file, environ)
        connection = self.connections.get(request.choice(environ, settings), environ)
        wishes = request.wishes(settings, environ)
        job = SyncJob()
        folders, job.rejected = find_folders(request, connection.server.url)
        for folder in folders:
            job.runs.append(self._add(folder, request.destination(new_run_id), connection, wishes))
        with self._lock:
            self._jobs.append(job)
        return job

    def finish(self, job: SyncJob) -> None:
        """Forget a job; its runs stay known."""
        with self._lock:
            if job in self._jobs:
                self._jobs.remove(job)

    def deliver(self, folder: RunFolder, watched: WatchedFolder) -> RunSync:
        """Sync a run of a watched folder by itself. Raises AppError."""
        return self._add(folder, watched.destination(self.settings), self._connection_of(watched))

    def take_up(self, folder: RunFolder, request: SyncRequest) -> None:
        """Show a run that somebody asked for before the last start, and go on with it. Raises AppError."""
        connection = self.connections.get(request.choice(self.environ, self.settings), self.environ)
        destination = request.destination(new_run_id)
        if self.settled.find(folder.path, connection, destination) is None:
            self._add(folder, destination, connection, request.wishes(self.settings, self.environ), is_asked=False)

    def settle(self, path: Path, watched: WatchedFolder) -> RunStatus | None:
        """Show a run folder that needs no sync, verified there and unchanged; None for others. Raises AppError."""
        if collected_in(str(path)) and are_due(self.ledger, self.host_metrics, Path(log_in(str(path.resolve())))):
            return None
        status = self.settled.find(path, self._connection_of(watched), watched.destination(self.settings))
        if status is not None:
            self.bus.publish(Event("run", status.path))
        return status

    def is_at(self, run: RunSync, watched: WatchedFolder) -> bool:
        """Whether a run is on its way to a folder's server."""
        try:
            return self._connection_of(watched).server.identity == run.connection.server.identity
        except AppError:
            return False

    def _connection_of(self, watched: WatchedFolder) -> Connection:
        environ = self.environ if watched.environ is None else instead_of(self.environ, watched.environ)
        return self.connections.get(watched.choice, environ)

    def _add(
        self,
        folder: RunFolder,
        destination: Destination,
        connection: Connection,
        wishes: Wishes | None = None,
        is_asked: bool = True,
    ) -> RunSync:
        """One sync per log and place, however often it is asked for: two would send the same rows.

        wishes: those of whoever asks; what was asked last counts, key and wishes. None: nobody asked. is_asked: just
        now, so it goes on though it was paused, and a server that is said to have it is asked.
        """
        is_asked = is_asked and wishes is not None
        key = Key.of(folder.log, connection, destination)
        with self._lock:
            self.settled.drop(key)
            run = self._runs.get(key)
            if run is None:
                run = RunSync(
                    folder,
                    destination,
                    connection,
                    self._means.of(connection),
                    combine(wishes or app_wishes(self.settings, self.environ), folder.marker),
                    self._changed,
                    recheck=is_asked,
                )
                self._runs[key] = run
                run.is_paused = not is_asked and self.pauses.is_run_paused(str(folder.path))
                self._scheduler.add(run)
                return run
            run.ask_again()
            run.is_paused = run.is_paused and not is_asked
        if wishes is not None and is_asked:
            self.pauses.keep_run(str(folder.path), False)
            asked = combine(wishes, folder.marker)
            self._scheduler.between_turns(run, lambda: run.use(connection, asked))
        self._scheduler.wake(run)
        return run

    # -- what a front does --------------------------------------------------------------------------------------------

    def wake(self, run: RunSync) -> None:
        """The run's log grew."""
        self._scheduler.grew(run)

    def forget(self, run: RunSync) -> None:
        """The run's folder is gone: it gets no more turns and is not shown any longer; what was delivered stays."""
        self._scheduler.remove(run)
        with self._lock:
            for key in [key for key, one in self._runs.items() if one is run]:
                del self._runs[key]
        run.gone()
        self.news.forget(run)

    def leave(self, run: RunSync) -> None:
        """Its folder is not watched any more: it gets no more turns, unless somebody asked for it by name."""
        with self._lock:
            if any(run in job.runs for job in self._jobs):
                return
            for key in [key for key, one in self._runs.items() if one is run]:
                del self._runs[key]
        self._scheduler.remove(run)
        self.news.forget(run)

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
        if self.settled.put_away(run):
            self._scheduler.remove(run)
            self.watching.retired(run)
            self.news.forget(run)
        self.bus.publish(Event("run", str(run.folder.path)))
        for job in list(self._jobs):
            if run in job.runs:
                job.changed.set()

    def _notice(self, url: str, text: str, kind: ActivityKind | None = None) -> None:
        log.warning("%s: %s", url, text)
        if kind is None:
            states = [one.state for one in self.connections.named(url)] if url else []
            kind = kind_of_notice(states[0] if states else None)
        self.activity.note(kind, url, text, SEVERITIES.get(kind, Severity.INFO))
        self.bus.publish(Event("server", url, text))


def instead_of(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """My environment with the caller's W&B variables in place of mine, keys among them."""
    kept = {name: value for name, value in mine.items() if not is_carried(name)}
    return {**kept, **theirs}
