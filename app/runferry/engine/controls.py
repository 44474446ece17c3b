"""What a person does to servers and runs: pause, go on, try now, stop. The part of the engine that is about it.

Any thread may call; nothing here waits for the network.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.connections import Connections
from runferry.engine.finding import not_a_run
from runferry.engine.pauses import Pauses
from runferry.engine.stopping import Stopped, Stopper
from runferry.engine.watching import Watching
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.formats.detect import NotARun, identify
from runferry.settings import Settings
from runferry.status import ConnectionState
from runferry.sync.run_sync import RunSync
from runferry.sync.scheduler import Scheduler

if TYPE_CHECKING:
    from runferry.engine.settled import Key

log = logging.getLogger(__name__)


class Controls:
    """What it needs of the engine is named here; `Engine` makes it."""

    connections: Connections
    pauses: Pauses
    watching: Watching
    stopper: Stopper
    settings: Settings
    bus: EventBus
    _scheduler: Scheduler
    _lock: threading.Lock
    _runs: Mapping[Key, RunSync]

    def _notice(self, url: str, text: str) -> None:
        raise NotImplementedError

    def try_now(self, url: str = "") -> None:
        """Try all servers, or one (its address, ``local``), at once; ends their pause."""
        url = self.pauses.named(url)
        if self.pauses.end(url):
            self._notice(url, "Resumed.")
        for connection in self.connections.named(url):
            if connection.is_stopped:
                self.connections.refresh(connection)
            connection.try_now()
            self._scheduler.wake_all(connection)

    def network_changed(self) -> None:
        """Another network: whatever stopped or waits may work now. What a person paused stays paused."""
        for connection in self.connections.all():
            if connection.state not in (ConnectionState.ONLINE, ConnectionState.IDLE, ConnectionState.PAUSED):
                self.try_now(connection.server.url)

    def pause(self, url: str = "", until: float | None = None) -> None:
        """Send nothing more to all servers, or to one, until a time (seconds since the epoch) or `try_now`."""
        self.pauses.pause(url, until)
        self._notice(url, "Paused.")

    def run_at(self, path: str) -> list[RunSync]:
        """The syncs of the run in this folder: one per place that it goes to."""
        with self._lock:
            return [run for run in self._runs.values() if str(run.folder.path) == path]

    def pause_run(self, path: str) -> None:
        """Send nothing more of this run until `resume_run`, or until somebody asks for it."""
        self.pauses.keep_run(path, True)
        for run in self.run_at(path):
            run.is_paused = True
            self._scheduler.wake(run)

    def resume_run(self, path: str) -> None:
        """Go on with a run that was paused."""
        self.pauses.keep_run(path, False)
        for run in self.run_at(path):
            run.is_paused, run.at_rest = False, False
            self._scheduler.wake(run)

    def stop_run(self, path: str, wait: bool = False) -> Stopped:
        """Interrupt the training of the run in this folder, and order it to end when it takes no notice.

        wait: until it is gone. Raises AppError where there is no process that may be stopped.
        """
        found = identify(Path(path))
        if isinstance(found, NotARun):
            raise not_a_run(found)
        return self.stopper.stop(found, wait)

    def _asked_to_stop(self, path: Path) -> None:
        """The server says that the run in this folder is to stop."""
        found = identify(path)
        if not self.settings.obey_stop or isinstance(found, NotARun):
            return
        try:
            self.stopper.obey(found)
        except AppError as error:
            log.warning("%s is to stop: %s", path, error)
            self.bus.publish(Event("notice", str(path), error.for_people()))
        else:
            self.bus.publish(Event("notice", str(path), f"{path.name}: stopped, as somebody asked on the server"))

    def retry_run(self, path: str) -> None:
        """Try a run with a problem again, and ask its server anew; one that is held back is judged anew."""
        self.resume_run(path)
        for run in self.run_at(path):
            run.ask_again()
            self._scheduler.wake(run)
        self.watching.look_again({path})

    def _look(self) -> None:
        """Every few seconds."""
        self.watching.look_at_crashed()
        for server in self.pauses.look():
            self.try_now(server)
