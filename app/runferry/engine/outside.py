"""What is done for a run from outside while it is watched: measuring, code state, the server's stop. The part of the
engine that is about it.

Callbacks come on threads of the parts and only hand on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from runferry.engine.code_state.keeper import CodeState
from runferry.engine.host_metrics import HostMetrics
from runferry.engine.link_watch import LinkWatch
from runferry.engine.stopping import Stopper
from runferry.engine.watching import Watching
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.formats.detect import NotARun, RunFolder, identify
from runferry.settings import Settings
from runferry.sync.run_sync import ENDED, RunSync
from runferry.sync.scheduler import Scheduler

log = logging.getLogger(__name__)


class Outside:
    """What it needs of the engine is named here; `Engine` makes it."""

    host_metrics: HostMetrics
    code_state: CodeState
    link_watch: LinkWatch
    stopper: Stopper
    watching: Watching
    settings: Settings
    bus: EventBus
    _scheduler: Scheduler

    def _all(self) -> Sequence[RunSync]:
        raise NotImplementedError

    def attend(self) -> None:
        """Runs are watched from now on."""
        self.code_state.start()
        self.link_watch.start()
        self.host_metrics.start()

    def appeared(self, folder: RunFolder) -> None:
        """A run was found in a watched folder."""
        self.code_state.consider(folder)
        self.watching.links.look(folder)
        self.host_metrics.look_again()

    def live_folders(self) -> list[RunFolder]:
        """The runs that may be going on, as far as is known."""
        live = [run.folder for run in self._all() if run.status_run_state not in ENDED]
        return live + self.watching.held_folders()

    def _leave(self) -> None:
        """The engine ends."""
        self.link_watch.stop()
        self.host_metrics.stop()
        self.stopper.close()
        self.code_state.stop()

    def _wake_at(self, path: Path) -> None:
        """Something is to be done for the run in this folder."""
        for run in self._all():
            if run.folder.path == path:
                self._scheduler.grew(run)

    def _asked_to_stop(self, path: Path) -> None:
        """The server says that the run in this folder is to stop."""
        found = identify(path)
        if not self.settings.obey_stop or isinstance(found, NotARun):
            return
        try:
            self.stopper.obey(found)
        except AppError as error:
            log.warning("%s is to stop: %s", path, error)
            self._tell(path, error.one_line())
        else:
            self._tell(path, f"{path.name}: stopped, as somebody asked on the server")

    def _tell(self, path: Path, text: str) -> None:
        self.bus.publish(Event("notice", str(path), text))
