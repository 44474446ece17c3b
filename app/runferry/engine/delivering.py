"""How a run comes to be delivered: asked for, found in a watched folder, or taken up again. The part of the engine that
is about it. One log goes to one place once, however often and in whatever words it is asked for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.control import is_carried
from runferry.engine.connections import Connections
from runferry.engine.finding import find_folders, new_run_id
from runferry.engine.host_metrics import HostMetrics
from runferry.engine.job import SyncJob, SyncRequest
from runferry.engine.late_samples import are_due
from runferry.engine.pauses import Pauses
from runferry.engine.run_news import RunNews
from runferry.engine.settled import Key, Settled, SettledRun, log_in
from runferry.engine.shared_means import SharedMeans
from runferry.engine.watched import WatchedFolder, follows_links
from runferry.engine.watching import Watching
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.formats.detect import NotARun, RunFolder, identify, not_a_run
from runferry.formats.readers import front
from runferry.paths import Home
from runferry.settings import Settings
from runferry.state.ledger import Ledger
from runferry.state.samples import collected_in
from runferry.status import RunStatus
from runferry.sync.connection import Connection
from runferry.sync.destination import Destination
from runferry.sync.run_sync import RunSync
from runferry.sync.scheduler import Scheduler
from runferry.sync.wishes import Wishes, app_wishes, combine

if TYPE_CHECKING:
    from runferry.engine.remembered import Remembered

log = logging.getLogger(__name__)


class Delivering:
    """What it needs of the engine is named here; `Engine` makes it."""

    home: Home
    settings: Settings
    environ: dict[str, str]
    bus: EventBus
    ledger: Ledger
    connections: Connections
    host_metrics: HostMetrics
    news: RunNews
    pauses: Pauses
    remembered: Remembered
    settled: Settled
    watching: Watching
    _jobs: list[SyncJob]
    _lock: threading.Lock
    _means: SharedMeans
    _runs: dict[Key, RunSync]
    _scheduler: Scheduler

    # -- asked for ----------------------------------------------------------------------------------------------------

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

    def sync_again(self, status: RunStatus) -> None:
        """Send what waits of a run that is shown, to where it goes and as it was asked for, and ask its server anew.

        One that is held back is delivered as its folder says. Raises AppError where that cannot be.
        """
        self.pauses.keep_run(status.path, False)
        for run in self.run_at(status.path):
            if run.status().key == status.key:
                run.is_paused = False
                run.ask_again()
                self._scheduler.wake(run)
                return
        found = self.settled.named(status)
        if found is not None:
            self._take_on(found, is_asked=True)
            return
        folder = _identified(status.path)
        if watched := self.watching.wanted.holding(folder.path):
            if watched.error:
                raise watched.error
            self.watching.deliver(folder, watched)

    def take_up(self, folder: RunFolder, request: SyncRequest) -> Key:
        """Show a run that somebody asked for before the last start, and go on with it. Raises AppError."""
        connection = self.connections.get(request.choice(self.environ, self.settings), self.environ)
        destination = request.destination(new_run_id)
        wishes = request.wishes(self.settings, self.environ)
        settled = self.settled.find(folder.path, connection, destination, wishes)
        if settled is not None:
            return settled.key
        run = self._add(folder, destination, connection, wishes, is_asked=False)
        return Key.of(run.log, connection, run.destination)

    def go_on_with(self, settled: Iterable[SettledRun]) -> None:
        """Deliver runs that were over and verified, and have something new; those that are shown by now are left."""
        for one in settled:
            with self._lock:
                is_shown = one.key in self._runs
            if not is_shown and self.settled.named(one.status) is None:
                try:
                    self._take_on(one, is_asked=False)
                except AppError as error:
                    log.info("%s: %s", one.status.path, error)

    def _take_on(self, settled: SettledRun, is_asked: bool) -> None:
        folder = _identified(settled.status.path)
        identity = settled.key.server
        connection = next(one for one in self.connections.all() if one.server.identity == identity)
        wishes = settled.wishes or app_wishes(self.settings, self.environ)
        self._add(folder, settled.destination, connection, wishes, is_asked)

    # -- in watched folders -------------------------------------------------------------------------------------------

    def deliver(self, folder: RunFolder, watched: WatchedFolder) -> RunSync:
        """Sync a run of a watched folder by itself. Raises AppError."""
        return self._add(folder, watched.destination(self.settings), self._connection_of(watched))

    def settle(self, path: Path, watched: WatchedFolder) -> RunStatus | None:
        """Show a run folder that needs no sync, verified there and unchanged; None for others. Raises AppError."""
        if collected_in(str(path)) and are_due(self.ledger, self.host_metrics, Path(log_in(str(path.resolve())))):
            return None
        found = self.settled.find(path, self._connection_of(watched), watched.destination(self.settings))
        if found is None:
            return None
        self.bus.publish(Event("run", found.status.path))
        return found.status

    def is_at(self, run: RunSync, watched: WatchedFolder) -> bool:
        """Whether a run is on its way to a folder's server."""
        try:
            return self._connection_of(watched).server.identity == run.connection.server.identity
        except AppError:
            return False

    def _connection_of(self, watched: WatchedFolder) -> Connection:
        environ = self.environ if watched.environ is None else instead_of(self.environ, watched.environ)
        return self.connections.get(watched.choice, environ)

    # -- both ---------------------------------------------------------------------------------------------------------

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
        destination = self._as_before(folder, destination, connection)
        key = Key.of(folder.log, connection, destination)
        with self._lock:
            self.settled.drop(key)
            run = self._runs.get(key)
            if run is None:
                return self._begin(key, folder, destination, connection, wishes, is_asked)
            run.ask_again()
            run.is_paused = run.is_paused and not is_asked
        if wishes is not None:
            asked = self.wishes_of(folder, wishes)
            self._scheduler.between_turns(run, lambda: run.use(connection, asked))
        if is_asked:
            self.pauses.keep_run(str(folder.path), False)
        self._scheduler.wake(run)
        return run

    def _begin(
        self,
        key: Key,
        folder: RunFolder,
        destination: Destination,
        connection: Connection,
        wishes: Wishes | None,
        is_asked: bool,
    ) -> RunSync:
        """With the lock."""
        run = self._runs[key] = RunSync(
            folder,
            destination,
            connection,
            self._means.of(connection),
            self.wishes_of(folder, wishes),
            self._changed,
            recheck=is_asked,
        )
        run.is_paused = not is_asked and self.pauses.is_run_paused(str(folder.path))
        self._scheduler.add(run)
        return run

    def _as_before(self, folder: RunFolder, destination: Destination, connection: Connection) -> Destination:
        """The way on which a run goes to this place already, where its log or its folder names the place, and a person
        says the same in so many words."""
        log_path, server = str(folder.log), connection.server.identity
        ways = [(one.destination, one.status) for one in self.settled.of(log_path) if one.key.server == server]
        runs = [self.watching.run_of(folder.log), *(self._runs.get(key) for key in self.remembered.ways(log_path))]
        here = [run for run in runs if run is not None and run.connection.server.identity == server]
        ways += [(run.destination, run.status()) for run in here]
        if not ways or destination in (one for one, _ in ways):
            return destination
        run = front(folder.log).run
        entity, *place = destination.place(run.entity, run.project, folder.run_id)
        for way, status in ways:
            # The log says where to, or the server did: a team that nobody names is the key's own.
            if way.place(run.entity, run.project, folder.run_id) == (entity, *place):
                return way
            if place == [status.project, status.run_id] and entity in ("", status.entity):
                return way
        return destination

    def _own_wishes(self, run: RunSync) -> Wishes | None:
        return None if run.wishes == self.wishes_of(run.folder) else run.wishes

    def wishes_of(self, folder: RunFolder, asked: Wishes | None = None, settings: Settings | None = None) -> Wishes:
        """What may be sent of a run: as asked, else by the settings, with what is set for its folder."""
        settings = settings or self.settings
        found = combine(asked or app_wishes(settings, self.environ), folder.marker)
        if found.follow_links or not follows_links(folder.path, self.watching.wanted.holding(folder.path), settings):
            return found
        return replace(found, follow_links=True)

    # -- no longer ----------------------------------------------------------------------------------------------------

    def forget(self, run: RunSync) -> None:
        """The run's folder is gone: it gets no more turns and is not shown any longer; what was delivered stays."""
        self.give_up(run)
        run.gone()
        self.news.forget(run)  # which has just told it

    def leave(self, run: RunSync) -> None:
        """Its folder is not watched any more: it is given up, unless somebody asked for it by name."""
        with self._lock:
            keys = {key for key, one in self._runs.items() if one is run}
            is_asked_for = any(run in job.runs for job in self._jobs) or any(key in self.remembered for key in keys)
        if not is_asked_for:
            self.give_up(run)

    def give_up(self, run: RunSync) -> None:
        """It gets no more turns, and is not shown any longer."""
        with self._lock:
            for key in [key for key, one in self._runs.items() if one is run]:
                del self._runs[key]
        self._scheduler.remove(run)
        self.news.forget(run)

    # -- of the engine ------------------------------------------------------------------------------------------------

    def run_at(self, path: str) -> list[RunSync]:
        raise NotImplementedError

    def _changed(self, run: RunSync) -> None:
        raise NotImplementedError


def _identified(path: str) -> RunFolder:
    found = identify(Path(path))
    if isinstance(found, NotARun):
        raise not_a_run(found)
    return found


def instead_of(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """My environment with the caller's W&B variables in place of mine, keys among them."""
    kept = {name: value for name, value in mine.items() if not is_carried(name)}
    return {**kept, **theirs}
