"""What changed settings mean for parts that run already, so that none has to be started again.

The rest follows by itself: what is asked of the settings each time that it is needed, and what `Connections.use`,
`Watching.settings_changed` and `HostMetrics.use` do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from runferry.settings import Settings
from runferry.sync.run_sync import RunSync

if TYPE_CHECKING:
    from runferry.engine.controls import Controls
    from runferry.engine.engine import Engine

log = logging.getLogger(__name__)


def take_effect(engine: Controls, before: Settings, now: Settings) -> None:
    """Tell the parts. `engine.settings` is `now` already. May take seconds where the local server has to move."""
    for names, tell in _TELLING:
        if any(before.get(name) != now.get(name) for name in names):
            tell(engine, before, now)


def _level(engine: Controls, before: Settings, now: Settings) -> None:
    logging.getLogger("runferry").setLevel(now.log_level.upper())


def _workers(engine: Controls, before: Settings, now: Settings) -> None:
    engine._scheduler.resize(now.parallel_uploads)


def _pace(engine: Controls, before: Settings, now: Settings) -> None:
    watcher = engine.watching._watcher
    if watcher is not None:
        watcher.use_pace(now.rescan_interval, now.poll_interval)


def _timeouts(engine: Controls, before: Settings, now: Settings) -> None:
    engine._stuck_parts.use(now)
    for connection in engine.connections.all():
        connection.session.use_timeouts(now.connect_timeout, now.request_timeout)


def _runs(engine: Controls, before: Settings, now: Settings) -> None:
    for run in engine.all_runs():
        _between_turns(engine, run, partial(_retune, engine, run))


def _retune(engine: Controls, run: RunSync) -> None:
    run.retune(engine._means.of(run.connection))


def _wishes(engine: Controls, before: Settings, now: Settings) -> None:
    """Runs that went by the app's wishes follow them; those for which somebody asked otherwise do not."""
    wishes_of = cast("Engine", engine).wishes_of
    for run in engine.all_runs():
        if run.wishes == wishes_of(run.folder, settings=before):
            _between_turns(engine, run, partial(run.use, run.connection, wishes_of(run.folder)))


def _between_turns(engine: Controls, run: RunSync, change: Callable[[], None]) -> None:
    """What is at rest stays so: of ten thousand runs that are verified none is looked at again for this."""
    engine._scheduler.between_turns(run, change)
    if not run.at_rest:
        engine._scheduler.wake(run)


def _port(engine: Controls, before: Settings, now: Settings) -> None:
    engine.local_server.use_port(now.local_server_port)


_OF_RUNS = (
    "upload_interval",
    "upload_interval_loopback",
    "max_request_bytes",
    "quiet_after",
    "poll_interval",
    "write_synced_marker",
)
_TELLING: tuple[tuple[tuple[str, ...], Callable[[Controls, Settings, Settings], None]], ...] = (
    (("log_level",), _level),
    (("parallel_uploads",), _workers),
    (("rescan_interval", "poll_interval"), _pace),
    (("connect_timeout", "request_timeout"), _timeouts),
    (_OF_RUNS, _runs),
    (("console", "metrics_only"), _wishes),
    (("local_server_port",), _port),
)
