"""What the state file says while nobody runs: read only, so that `status` works beside anything."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from sqlite3 import Row

from runferry.clock import SystemClock
from runferry.engine.local_server import LocalServer
from runferry.engine.own_server import own_identity
from runferry.formats.readers import extent
from runferry.paths import Home
from runferry.servers import LOCAL
from runferry.settings import Settings
from runferry.state.database import Database
from runferry.state.delivery import Delivery
from runferry.state.ledger import Ledger
from runferry.state.pauses import Paused, PauseTable
from runferry.status import ConnectionState, FolderStatus, RunState, RunStatus, ServerStatus, Snapshot, SyncState
from runferry.sync.counts import damage_of
from runferry.version import __version__


def recorded_snapshot(home: Home, settings: Settings, pid: int) -> Snapshot:
    """A snapshot from the ledger. Raises AppError when the state file cannot be read."""
    runs: list[RunStatus] = []
    pauses: dict[str, float | None] = {}
    now = time.time()
    own, base = own_identity(home.store), _own_address(home, settings)
    if home.database_file.exists():
        with Database(home.database_file) as database:
            runs = [_as_of_now(*one, own, base) for one in Ledger(database, SystemClock()).all_deliveries()]
            pauses = PauseTable(database).all(Paused.SERVER)
    pauses = {name: until for name, until in pauses.items() if until is None or until > now}
    folders = tuple(
        FolderStatus(one.path, one.server, "nothing", "Runferry is not running") for one in settings.folders
    )
    return Snapshot(
        __version__,
        pid,
        now,
        runs=tuple(runs),
        servers=_servers(runs, pauses),
        folders=folders,
        is_paused="" in pauses,
        paused_until=pauses.get(""),
    )


def _own_address(home: Home, settings: Settings) -> str:
    """Where the local server answers: asked of the one that runs, which may have another port than usual."""
    local = LocalServer(home.store, settings.local_server_port, SystemClock())
    return local.look().url or f"http://127.0.0.1:{local.usual_port}"


def _as_of_now(delivery: Delivery, target: Row, own: str, base: str) -> RunStatus:
    """What the ledger knows of a run. own, base: the identity of the app's own local server, and where it is now."""
    found = recorded_status(delivery, target)
    address, is_page, _ = found.url.partition(f"/{target['entity']}/{target['project']}/runs/")
    if target["server"] != own or not is_page:
        return found
    return replace(found, server=base, url=base + found.url[len(address) :])


def _servers(runs: list[RunStatus], pauses: dict[str, float | None]) -> tuple[ServerStatus, ...]:
    """Every server that something was sent to or that is paused; nobody is connected to any."""
    waiting: dict[str, int] = {}
    for run in runs:
        is_done = run.state in (SyncState.VERIFIED, SyncState.SENT)
        waiting[run.server] = waiting.get(run.server, 0) + (0 if is_done else 1)
    for name in pauses:
        if name:
            waiting.setdefault(name, 0)
    return tuple(
        ServerStatus(url, ConnectionState.PAUSED, runs_waiting=count, paused_until=pauses[url])
        if url in pauses
        else ServerStatus(url, ConnectionState.IDLE, runs_waiting=count)
        for url, count in waiting.items()
    )


def server_address(delivery: Delivery, target: Row, own: str = "") -> str:
    """A local server is known by its store's id; people know it by its address. own: the identity of the app's own one,
    which is ``local``, as it may answer elsewhere by now."""
    known: str = target["server"]
    if own and known == own:
        return LOCAL
    address, found, _ = delivery.url.partition(f"/{target['entity']}/{target['project']}/runs/")
    return address if found and known.startswith("runferry:") else known


def recorded_status(delivery: Delivery, target: Row) -> RunStatus:
    """What the ledger knows of a run on its way to one place."""
    counts = delivery.counts
    return RunStatus(
        path=str(Path(target["path"]).parent),
        run_id=target["run_id"],
        entity=target["entity"],
        project=target["project"],
        name=counts.get("name", ""),
        server=server_address(delivery, target),
        url=delivery.url,
        state=_state(delivery, Path(target["path"])),
        run_state=RunState(counts.get("run_state", "unknown")),
        rows=counts.get("rows", delivery.acknowledged["history"]),
        rows_acknowledged=delivery.acknowledged["history"],
        events=counts.get("events", 0),
        console_lines=counts.get("console_lines", 0),
        files=counts.get("files", 0),
        artifacts=counts.get("artifacts", 0),
        artifacts_sent=counts.get("artifacts_sent", 0),
        last_step=counts.get("last_step"),
        started=counts.get("started"),
        writer=counts.get("writer", ""),
        damage=damage_of(counts.get("damage")),
        error=delivery.error,
    )


def _state(delivery: Delivery, log: Path) -> SyncState:
    """As recorded; a log that has grown since it was verified waits for the rest to be sent."""
    state = SyncState(delivery.state)
    if state is not SyncState.VERIFIED or delivery.verified_size is None:
        return state
    try:
        same = extent(log) == (delivery.verified_size, delivery.verified_mtime_ns)
    except OSError:
        return state  # the log is gone; what was verified stays verified
    return state if same else SyncState.WAITING
