"""Watched folders: what is found in them is delivered, or held back with the reason why."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.choice import Choice, choose
from runferry.engine.job import SyncJob
from runferry.engine.routing import why_held
from runferry.engine.settled import log_in
from runferry.errors import AppError
from runferry.events import Event
from runferry.formats.detect import RunFolder, identify
from runferry.formats.readers import Extent, extent
from runferry.settings import FolderMode
from runferry.settings.wandb_edit import directory_is_off
from runferry.status import FolderStatus, RunState, RunStatus, SyncState
from runferry.sync.run_sync import ENDED, RunSync
from runferry.watch.discovery import scan

if TYPE_CHECKING:
    from runferry.engine.engine import Engine
    from runferry.watch.watcher import Watcher

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WatchedFolder:
    """A folder, where its runs go, and which of them are sent unasked."""

    path: Path
    choice: Choice
    mode: FolderMode = FolderMode.AUTO


class Watching:
    """The watched folders of one engine. Callbacks come on the watcher's threads and only hand on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._watcher: Watcher | None = None
        self._lock = threading.Lock()
        self._folders: list[WatchedFolder] = []
        self._runs: dict[Path, RunSync] = {}  # by log
        self._held: dict[Path, tuple[RunFolder, WatchedFolder, str]] = {}  # by run folder
        self._followed: set[Path] = set()
        self._crashed: dict[Path, Extent] = {}  # by log: how large it was when its training seemed to be dead
        self._failed: dict[Path, AppError] = {}

    def start(self, folders: Sequence[WatchedFolder]) -> None:
        """Begin with what is there; what comes later is noticed."""
        from runferry.watch.watcher import Watcher  # loads watchdog, which one-shot commands do not need

        settings = self._engine.settings
        self._engine.pauses.restore()
        self._folders = list(folders)
        self._watcher = Watcher(
            [one.path for one in folders],
            on_found=self._found,
            on_changed=self._changed,
            on_gone=self._gone,
            clock=self._engine.clock,
            rescan_interval=settings.rescan_interval,
            poll_interval=settings.poll_interval,
            skip=(self._engine.home.store,),
        )
        self._engine.code_state.start()
        self._watcher.start()
        self._engine.host_metrics.start()

    def begin(self) -> None:
        """Watch the folders of the settings. Raises AppError where nobody can know their server."""
        engine = self._engine
        self.start(
            [
                WatchedFolder(Path(one.path), choose("", engine.environ, engine.settings, one.server), one.mode)
                for one in engine.settings.folders
            ]
        )

    def once(self, folders: Sequence[WatchedFolder]) -> SyncJob:
        """What is there now, and nothing that comes later."""
        self._folders = list(folders)
        skip = frozenset((self._engine.home.store,))
        for watched in folders:
            for found in scan(watched.path, skip).runs:
                self._found(found.path)
        runs = self.runs()
        under_way = {str(run.folder.path) for run in runs}
        settled = [one for one in self._engine.settled.statuses() if one.path not in under_way]
        return SyncJob(runs=runs, rejected=[one for one in self.held() if one.error], settled=settled)

    def stop(self) -> None:
        """No further callbacks."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()

    def runs(self) -> list[RunSync]:
        """Runs that are delivered by themselves."""
        with self._lock:
            return list(self._runs.values())

    def held_folders(self) -> list[RunFolder]:
        """The folders of those that wait."""
        with self._lock:
            return [folder for folder, _, _ in self._held.values()]

    def held(self) -> list[RunStatus]:
        """Runs that wait until somebody asks, or that cannot be sent."""
        with self._lock:
            held = list(self._held.values())
        return [_held_status(folder, watched, why, self._failed.get(folder.path)) for folder, watched, why in held]

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
        servers = {str(one.path): one.choice.server for one in self._folders}
        return [replace(one, server=servers.get(one.path, "")) for one in self._watcher.status()]

    def run_changed(self, run: RunSync) -> None:
        """A run's state changed: a live log is followed closely, an ended one no longer."""
        watcher, path = self._watcher, run.log
        if watcher is None or not run.at_rest or path not in self._runs:
            return
        self._note_crashed(run)
        live = run.status_run_state not in ENDED
        if live and path not in self._followed:
            self._followed.add(path)
            watcher.follow(path)
        elif not live and path in self._followed:
            self._followed.discard(path)
            watcher.unfollow(path)

    def look_at_crashed(self) -> None:
        """A training that cannot be seen from here (in a container, say) may be taken for dead: its log tells."""
        for path, before in list(self._crashed.items()):
            try:
                has_grown = extent(path) != before
            except OSError:
                continue
            if has_grown:
                log.info("%s grows although its training seemed to be dead", path)
                self._crashed.pop(path, None)
                self._changed(path)

    def retired(self, run: RunSync) -> None:
        """A run is over and verified; what is left of it is its status (see `Settled`)."""
        with self._lock:
            if self._runs.get(run.log) is run:
                del self._runs[run.log]
            self._held.pop(run.folder.path, None)

    def _note_crashed(self, run: RunSync) -> None:
        if run.status_run_state is not RunState.CRASHED:
            self._crashed.pop(run.log, None)
        elif run.log not in self._crashed:
            try:
                self._crashed[run.log] = extent(run.log)
            except OSError:
                log.debug("%s is gone", run.log)

    # -- called by the watcher ----------------------------------------------------------------------------------------

    def _found(self, path: Path) -> None:
        watched = self._folder_of(path)
        if self._is_settled(path, watched):
            return
        folder = identify(path)
        if not isinstance(folder, RunFolder):
            return
        self._engine.code_state.consider(folder)
        why = why_held(folder, watched.mode, is_off=directory_is_off(folder.path.parent))
        with self._lock:
            if folder.log in self._runs:
                return
            if why:
                self._held[folder.path] = (folder, watched, why)
        if why:
            self._engine.bus.publish(Event("run", str(folder.path)))
        else:
            self._deliver(folder, watched)
        self._engine.host_metrics.look_again()

    def _is_settled(self, path: Path, watched: WatchedFolder) -> bool:
        """Whether there is nothing to do for a run folder: most of them, where many lie."""
        try:
            status = self._engine.settle(path, watched.choice)
            if status is None:
                return False
            if status.run_state is RunState.CRASHED:
                log_path = Path(log_in(status.path))
                self._crashed[log_path] = extent(log_path)
        except (AppError, OSError):  # the ordinary way tells it
            return False
        with self._lock:
            self._held.pop(path, None)
        return True

    def _deliver(self, folder: RunFolder, watched: WatchedFolder) -> None:
        try:
            run = self._engine.deliver(folder, watched.choice)
        except AppError as error:
            self._failed[folder.path] = error
            with self._lock:
                self._held[folder.path] = (folder, watched, error.title)
            self._engine.bus.publish(Event("notice", str(folder.path), error.for_people()))
            return
        with self._lock:
            self._runs[run.log] = run
            self._held.pop(folder.path, None)
        self.run_changed(run)  # its first turn may be over already
        if run.is_settled:
            self.retired(run)

    def _changed(self, log_path: Path) -> None:
        with self._lock:
            run = self._runs.get(log_path)
        if run is not None:
            self._engine.wake(run)
        elif self._engine.settled.forget([str(log_path)]):
            self._found(log_path.parent)

    def _gone(self, path: Path) -> None:
        log.info("%s is gone", path)
        with self._lock:
            self._held.pop(path, None)
            paths = (path, path.resolve())  # runs are known without the links that a root's name may have
            gone = [run for run in self._runs.values() if run.folder.path in paths]
            for run in gone:
                del self._runs[run.log]
        self._engine.settled.forget_folder(path)
        for run in gone:
            self._crashed.pop(run.log, None)
            if run.log in self._followed and self._watcher is not None:
                self._followed.discard(run.log)
                self._watcher.unfollow(run.log)
            self._engine.forget(run)
            self._engine.bus.publish(Event("notice", str(path), f"… {path.name}: its folder was removed or moved away"))

    def _folder_of(self, path: Path) -> WatchedFolder:
        """The innermost watched folder that holds `path`."""
        if len(self._folders) == 1:
            return self._folders[0]
        holding = [one for one in self._folders if path == one.path or one.path in path.parents]
        return max(holding or self._folders, key=lambda one: len(one.path.parts))


def _held_status(folder: RunFolder, watched: WatchedFolder, why: str, error: AppError | None) -> RunStatus:
    return RunStatus(
        path=str(folder.path),
        key=str(folder.path),
        run_id=folder.run_id,
        entity="",
        project="",
        name="",
        server=watched.choice.server,
        url="",
        state=SyncState.PROBLEM if error else SyncState.WAITING,
        run_state=RunState.UNKNOWN,
        held=why,
        error=error.as_dict() if error else None,
    )
