"""Watched folders: what is found in them is delivered, or held back with the reason why."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.activity import ActivityKind, Severity
from runferry.engine.following import Following, has_grown
from runferry.engine.held import Held, hold, was_asked_for
from runferry.engine.job import SyncJob
from runferry.engine.routing import BEFORE, judge
from runferry.engine.settled import log_in
from runferry.engine.watched import FolderList, WatchedFolder, is_below, of_settings
from runferry.engine.watched_links import WatchedLinks
from runferry.errors import AppError
from runferry.events import Event
from runferry.formats.detect import RunFolder, identify
from runferry.status import FolderStatus, RunState, RunStatus
from runferry.sync.run_sync import RunSync
from runferry.watch.discovery import scan

if TYPE_CHECKING:
    from runferry.engine.engine import Engine
    from runferry.watch.watcher import Watcher

log = logging.getLogger(__name__)

SETTINGS, NAMED = "settings", "named"  # who wants a folder watched; a guest has a name of its own
LOOKED_AT = 500  # held runs, the newest, whose logs are looked at again and again


class Watching:
    """The watched folders of one engine. Callbacks come on the watcher's threads and only hand on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._watcher: Watcher | None = None
        self._lock = threading.Lock()
        self.wanted = FolderList()
        self.links = WatchedLinks(engine, self)
        self._runs: dict[Path, RunSync] = {}  # by log
        self._held: dict[Path, Held] = {}  # by run folder
        self._following = Following()

    def start(self, folders: Sequence[WatchedFolder], who: str = NAMED) -> None:
        """Begin with what is there; what comes later is noticed."""
        from runferry.watch.watcher import Watcher  # loads watchdog, which one-shot commands do not need

        self._engine.pauses.restore()
        self.links.put(who, folders)
        self._watcher = Watcher(
            [one.path for one in self.wanted.all()],
            on_found=self._found,
            on_changed=self.changed,
            on_gone=self._gone,
            clock=self._engine.clock,
            rescan_interval=self._engine.settings.rescan_interval,
            poll_interval=self._engine.settings.poll_interval,
            skip=(self._engine.home.store,),
        )
        self._engine.attend()
        self._watcher.start()

    def begin(self) -> None:
        """Watch the folders of the settings, and follow their changes. Never raises for one of them."""
        self.start(of_settings(self._engine.settings, self._engine.environ), SETTINGS)

    def settings_changed(self) -> None:
        """Follow the folders of the settings, where it was begun with them."""
        if self.wanted.is_known(SETTINGS):
            self.use(SETTINGS, of_settings(self._engine.settings, self._engine.environ))

    def use(self, who: str, folders: Sequence[WatchedFolder]) -> None:
        """Watch these folders for somebody, in place of those that he wanted before; none at all: he is gone."""
        change, watcher = self.links.put(who, folders), self._watcher
        if watcher is None:
            return
        for path in change.gone:
            watcher.remove_root(path)
        for path in change.new:
            watcher.add_root(path)
        if change.all:
            self._judge_again(change.all)
            self._engine.bus.publish(Event("folder"))

    def once(self, folders: Sequence[WatchedFolder]) -> SyncJob:
        """What is there now, and nothing that comes later."""
        self.wanted.put(NAMED, folders)
        skip = frozenset((self._engine.home.store,))
        for watched in folders:
            for found in scan(watched.path, skip).runs:
                self._found(found.path)
        under_way = {str(run.folder.path) for run in self.runs()}
        settled = [one for one in self._engine.settled.statuses() if one.path not in under_way]
        return SyncJob(runs=self.runs(), rejected=[one for one in self.held() if one.error], settled=settled)

    def stop(self) -> None:
        """No further callbacks."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()

    def runs(self) -> list[RunSync]:
        """Runs that are delivered by themselves."""
        with self._lock:
            return list(self._runs.values())

    def run_of(self, log_path: Path) -> RunSync | None:
        """The sync of a log that is delivered by itself."""
        with self._lock:
            return self._runs.get(log_path)

    def held_folders(self) -> list[RunFolder]:
        """The folders of those that wait."""
        with self._lock:
            return [one.folder for one in self._held.values()]

    def held(self) -> list[RunStatus]:
        """Runs that wait until somebody asks, or that cannot be sent."""
        with self._lock:
            return [one.status for one in self._held.values()]

    def look_again(self, paths: Set[str] | None = None) -> None:
        """Somebody changed what may be sent: what was held back, in all folders or in these, is judged anew."""
        with self._lock:
            held = [one for one in self._held if paths is None or str(one) in paths]
        for path in held:
            self._found(path)

    def folders(self) -> list[FolderStatus]:
        """How each folder is watched."""
        if self._watcher is None:
            return []
        with self._lock:
            held = [one.watched.path for one in self._held.values()]
        return self.wanted.shown(self._watcher.status(), held)

    def run_changed(self, run: RunSync) -> None:
        """A run's state changed: a live log is followed closely, an ended one no longer."""
        watcher, path = self._watcher, run.log
        if watcher is None or not run.at_rest or path not in self._runs:
            return
        self._following.changed(run, watcher)

    def look_at_quiet_logs(self) -> None:
        """Logs that nobody follows may grow: of a training that cannot be seen from here (in a container, say) and was
        taken for dead, and of runs that are held back."""
        for path in self._following.grown():
            self.changed(path)
        with self._lock:
            held = sorted(self._held.values(), key=lambda one: -one.seen.mtime_ns)[:LOOKED_AT]
        for one in held:
            if has_grown(one.folder.log, one.seen):
                self._found(one.folder.path)

    def retired(self, run: RunSync) -> None:
        """A run is over and verified; what is left of it is its status (see `Settled`)."""
        with self._lock:
            if self._runs.get(run.log) is run:
                del self._runs[run.log]
            self._held.pop(run.folder.path, None)
        self._following.settled(run)

    def changed(self, log_path: Path) -> None:
        """A log has grown, or what belongs to it. Any thread may tell it."""
        run = self.run_of(log_path)
        if run is not None:
            self.links.look(run.folder)
            self._engine.wake(run)
        elif settled := self._engine.settled.forget([str(log_path)]):
            self._found(log_path.parent)
            self._engine.go_on_with(settled)  # also to the places that nobody's folder names

    # -- called by the watcher ----------------------------------------------------------------------------------------

    def _found(self, path: Path) -> None:
        watched = self.wanted.holding(path)
        if watched is None or self._is_settled(path, watched):
            return
        folder = identify(path)
        if not isinstance(folder, RunFolder) or folder.log in self._runs:
            return
        self._engine.appeared(folder)
        why = self._why(folder, watched)
        if why or watched.error:
            self._hold(folder, watched, why, watched.error)
        else:
            self.deliver(folder, watched)

    def _why(self, folder: RunFolder, watched: WatchedFolder) -> str:
        engine = self._engine
        why = judge(folder, watched, engine.clock.time(), engine.settings.quiet_after)
        return "" if why == BEFORE and was_asked_for(folder, watched, engine.ledger) else why

    def _hold(self, folder: RunFolder, watched: WatchedFolder, why: str, error: AppError | None) -> None:
        held = hold(folder, watched, error.title if error else why, self._engine.ledger, error)
        with self._lock:
            self._held[folder.path] = held
        self._engine.bus.publish(Event("run", str(folder.path)))

    def _is_settled(self, path: Path, watched: WatchedFolder) -> bool:
        """Whether there is nothing to do for a run folder: most of them, where many lie."""
        if watched.error:
            return False
        try:
            status = self._engine.settle(path, watched)
            if status is None:
                return False
            if status.run_state is RunState.CRASHED:
                self._following.is_over(Path(log_in(status.path)))
        except AppError:  # the ordinary way tells it
            return False
        with self._lock:
            self._held.pop(path, None)
        return True

    def deliver(self, folder: RunFolder, watched: WatchedFolder) -> None:
        """Send it and follow it; where that cannot be it is held back, with the reason."""
        try:
            run = self._engine.deliver(folder, watched)
        except AppError as error:
            self._hold(folder, watched, "", error)
            self._engine.bus.publish(Event("notice", str(folder.path), error.one_line()))
            return
        with self._lock:
            self._runs[run.log] = run
            self._held.pop(folder.path, None)
        self.run_changed(run)  # its first turn may be over already
        if run.is_settled:
            self.retired(run)

    def _gone(self, path: Path) -> None:
        log.info("%s is gone", path)
        with self._lock:
            self._held.pop(path, None)
            paths = (path, path.resolve())  # runs are known without the links that a root's name may have
            gone = [run for run in self._runs.values() if run.folder.path in paths]
        self._engine.settled.forget_folder(path)
        for run in gone:
            self._leave(run)
            self._engine.forget(run)
            text = f"{path.name}: its folder was removed or moved away."
            self._engine.activity.note(ActivityKind.GONE, str(run.folder.path), text, Severity.WARNING)
            self._engine.bus.publish(Event("notice", str(path), f"… {path.name}: its folder was removed or moved away"))

    # -- folders that change ------------------------------------------------------------------------------------------

    def _judge_again(self, roots: Sequence[Path]) -> None:
        """What is known below these folders, by what is set for them now."""
        real = [one.resolve() for one in roots]
        with self._lock:
            runs = [one for one in self._runs.values() if is_below(one.folder.path, real)]
            held = [path for path in self._held if is_below(path, real)]
        settled = [Path(one.path) for one in self._engine.settled.statuses() if is_below(Path(one.path), real)]
        self._engine.settled.forget((log_in(str(one)) for one in settled), kept=self._engine.remembered)
        held += settled
        for run in runs:
            watched = self.wanted.holding(run.folder.path)
            if watched is not None and self._goes_on(run, watched):
                self.links.use(run, watched.follow_links)
                continue
            self._leave(run)
            self._engine.leave(run)
            held.append(run.folder.path)
        with self._lock:
            for path in held:
                self._held.pop(path, None)
        for path in held:
            self._found(path)
            self._engine.bus.publish(Event("run", str(path)))

    def _goes_on(self, run: RunSync, watched: WatchedFolder) -> bool:
        """Whether a run that is delivered is delivered to the same place by what is set now."""
        same = run.destination == watched.destination(self._engine.settings)
        return same and self._engine.is_at(run, watched) and (not self._why(run.folder, watched) or not run.at_rest)

    def _leave(self, run: RunSync) -> None:
        """A run is not ours to follow any more."""
        with self._lock:
            self._runs.pop(run.log, None)
        self._following.drop(run.log, self._watcher)
