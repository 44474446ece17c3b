"""What a person does to servers and runs: pause, go on, try now, stop. The part of the engine that is about it.

Any thread may call; nothing here waits for the network.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from runferry.clock import Clock
from runferry.engine import folders
from runferry.engine.activity import Activity, ActivityKind
from runferry.engine.changed_logs import ChangedLogs
from runferry.engine.connections import Connections
from runferry.engine.host_metrics import HostMetrics
from runferry.engine.late_samples import LateSamples
from runferry.engine.local_server import LocalServer
from runferry.engine.metered import REASON, Metered
from runferry.engine.pauses import Pauses
from runferry.engine.shared_means import SharedMeans
from runferry.engine.stopping import Stopped, Stopper
from runferry.engine.stuck_parts import StuckParts
from runferry.engine.taking_effect import take_effect
from runferry.engine.watching import Watching
from runferry.errors import AppError
from runferry.events import Event, EventBus
from runferry.formats.detect import NotARun, identify, not_a_run
from runferry.paths import Home
from runferry.servers import LOCAL, is_loopback
from runferry.settings import OPTIONS, Folder, Settings
from runferry.state.ledger import Ledger
from runferry.status import ConnectionState
from runferry.sync.connection import Connection
from runferry.sync.run_sync import RunSync
from runferry.sync.scheduler import Scheduler

if TYPE_CHECKING:
    from runferry.engine.settled import Key, Settled

log = logging.getLogger(__name__)

T = TypeVar("T")


class Controls:
    """What it needs of the engine is named here; `Engine` makes it."""

    connections: Connections
    pauses: Pauses
    metered: Metered
    watching: Watching
    settings: Settings
    clock: Clock
    home: Home
    environ: dict[str, str]
    bus: EventBus
    activity: Activity
    host_metrics: HostMetrics
    ledger: Ledger
    settled: Settled
    _late_samples: LateSamples
    _changed_logs: ChangedLogs
    _stuck_parts: StuckParts
    _means: SharedMeans
    local_server: LocalServer
    _changing: threading.Lock
    stopper: Stopper
    _scheduler: Scheduler
    _lock: threading.Lock
    _runs: Mapping[Key, RunSync]

    def _notice(self, url: str, text: str, kind: ActivityKind | None = None) -> None:
        raise NotImplementedError

    def _connected(self, connection: Connection) -> None:
        """A connection was just made."""
        self.pauses.apply(connection)
        self.metered.apply(connection)

    def look_after_local_server(self) -> None:
        """Start the local server again if it died; call now and then. May take seconds."""
        self.connections.look_after_local()

    def try_now(self, url: str = "") -> None:
        """A person wants all servers, or one (its address, ``local``), tried at once; ends their pause."""
        url = self.pauses.named(url)
        for connection in self.connections.named(url):
            self.metered.let_go(connection)
        self._go_on(url)

    def resume(self, url: str = "") -> bool:
        """End the pause of all servers, or of one, whatever paused them; whether anything was paused."""
        named = self.pauses.named(url)
        servers = self.connections.named(named)
        paused = set(self.pauses.of_servers())
        is_paused = any(one.is_paused for one in servers) or bool({named, ""} & paused or (not named and paused))
        if is_paused:
            self.try_now(url)
        return is_paused

    def _go_on(self, url: str) -> None:
        if self.pauses.end(url):
            self._notice(url, "Resumed.", ActivityKind.RESUMED)
        for connection in self.connections.named(url):
            if connection.is_stopped:
                self.connections.refresh(connection)
            connection.try_now()
            self._scheduler.wake_all(connection)

    def network_changed(self) -> None:
        """Another network: whatever stopped or waits may work now. What a person paused stays paused."""
        for connection in self.connections.all():
            self._network_changed(connection)

    def _network_changed(self, connection: Connection) -> None:
        if connection.state not in (ConnectionState.ONLINE, ConnectionState.IDLE, ConnectionState.PAUSED):
            self._go_on(connection.server.url)

    def network_is_metered(self, is_metered: bool | None) -> None:
        """What the system says of the network; None: it does not say."""
        self.metered.tell(is_metered)
        self._obey_metered()

    def _obey_metered(self) -> None:
        """The network, or what is wanted on metered ones, is another one."""
        changed = self.metered.look()
        if changed and self.metered.is_holding:
            self._notice("", f"Paused: {REASON}.", ActivityKind.PAUSED)
        elif changed:
            self._notice("", f"Resumed: no {REASON} any more.", ActivityKind.RESUMED)
        for connection in changed:
            self._network_changed(connection)  # it was passed over while it was held
            self._scheduler.wake_all(connection)

    def reconnect(self) -> None:
        """The computer woke from sleep, or is in another network: connections from before are dead, and not waited for.

        Requests in hand fail as when the connection breaks off, and are made again.
        """
        for connection in self.connections.all():
            if not is_loopback(connection.server.url):
                connection.session.cut_off()
        self.network_changed()

    def pause(self, url: str = "", until: float | None = None) -> None:
        """Send nothing more to all servers, or to one, until a time (seconds since the epoch) or `try_now`."""
        self.pauses.pause(url, until)
        self._notice(url, "Paused.", ActivityKind.PAUSED)

    def run_at(self, path: str) -> list[RunSync]:
        """The syncs of the run in this folder: one per place that it goes to."""
        with self._lock:
            return [run for run in self._runs.values() if str(run.folder.path) == path]

    def all_runs(self) -> list[RunSync]:
        """All that are known to the queue."""
        with self._lock:
            return list(self._runs.values())

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

    def retry_run(self, path: str) -> None:
        """Try a run with a problem again, and ask its server anew; one that is held back is judged anew."""
        self.resume_run(path)
        for run in self.run_at(path):
            run.ask_again()
            self._scheduler.wake(run)
        self.watching.look_again({path})

    def _look(self) -> None:
        """Every few seconds."""
        self._stuck_parts.look()
        self.watching.look_at_quiet_logs()
        for log in self._changed_logs.due(self.settled):
            self.watching.changed(log)
        for log in self._late_samples.due(self.settled, self.ledger, self.host_metrics):
            self.watching.changed(log)
        for server in self.pauses.look():
            self._go_on(server)

    # -- the local server ---------------------------------------------------------------------------------------------

    def start_local_server(self) -> None:
        """Start it, and whenever it is needed from now on. May take seconds. Raises NeedsUser."""
        running = self.local_server.turn_on()
        self._notice(running.url, f"The local server answers at {running.url}", ActivityKind.NOTICE)
        self.try_now(LOCAL)

    def stop_local_server(self) -> None:
        """Stop it until it is started again; what goes to it waits. May take seconds. Raises NeedsUser."""
        url = self.local_server.look().url
        self.local_server.turn_off()
        self._notice(url, "The local server was stopped.", ActivityKind.NOTICE)

    # -- watched folders ----------------------------------------------------------------------------------------------

    def add_folder(self, path: Path | str, **values: Any) -> Folder:
        """Watch a folder from now on; see `folders.add_folder`. Raises AppError."""
        return folders.add_folder(self, path, **values)

    def change_folder(self, path: Path | str, **values: Any) -> Folder:
        """Set fields of a watched folder. Raises AppError."""
        return folders.change_folder(self, path, **values)

    def remove_folder(self, path: Path | str) -> None:
        """Watch a folder no more. Raises AppError."""
        folders.remove_folder(self, path)

    # -- settings -----------------------------------------------------------------------------------------------------

    def reload_settings(self) -> None:
        """Take over the settings file as it is now, as far as it concerns networks, and try again what stopped."""
        self._use(Settings.load(self.home.settings_file, self.environ))

    def edit_settings(self, work: Callable[[Settings], T]) -> T:
        """Let `work` change and save the settings, given as the file has them now; then they take effect. Raises what
        it raises. No two changes at a time."""
        with self._changing:
            result = work(Settings.load(self.home.settings_file, self.environ))
            self.reload_settings()
            return result

    def change_settings(self, **values: Any) -> None:
        """Set options and save them; they take effect at once. Raises AppError, and then nothing has changed."""
        with self._changing:
            self._use(self.settings.changed(**values).save(self.home.settings_file))

    def _use(self, settings: Settings) -> None:
        changed = [one.label for name, one in OPTIONS.items() if settings.get(name) != self.settings.get(name)]
        if changed:
            self.activity.note(ActivityKind.SETTINGS, "", f"Settings changed: {', '.join(changed)}.")
        before, self.settings = self.settings, settings
        take_effect(self, before, settings)
        self.host_metrics.use(settings)
        self.watching.settings_changed()
        self._obey_metered()
        self.bus.publish(Event("settings"))
        try:
            self.connections.use(settings)
        except AppError as error:
            self._notice("", error.one_line())
            return
        self.network_changed()
