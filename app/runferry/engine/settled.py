"""Runs that are over, verified, and unchanged since: shown, and otherwise left alone.

Ten thousand of them are no unusual folder. Each is one query of the ledger, one look at the size and age of its log,
and the status that people see; no log is opened, no turn is given, nothing is sent. Whatever is asked or changes
brings the ordinary sync back (`Engine.sync`, `Watching`). Never decides that a run is verified: the ledger says so.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from sqlite3 import Row
from sys import intern
from typing import Any, NamedTuple

from runferry.clock import Clock
from runferry.formats.detect import RunFolder
from runferry.formats.readers import Extent
from runferry.state.ledger import Ledger
from runferry.status import RunState, RunStatus, SyncState
from runferry.sync.connection import Connection
from runferry.sync.counts import status_by
from runferry.sync.destination import Destination
from runferry.sync.run_sync import RunSync
from runferry.sync.wishes import Wishes
from runferry.watch.discovery import RUN_NAME

MANY = 20  # logs of one folder within `LASTING` seconds, after which all of that folder are read at once
LASTING = 5.0


class Key(NamedTuple):
    """One log on its way to one place: `log` is a path without links, `server` the server's identity."""

    log: str
    server: str
    entity: str
    project: str
    run_id: str

    @classmethod
    def of(cls, log: Path | str, connection: Connection, destination: Destination) -> Key:
        """The key of a log and of what was said about where it goes."""
        identity = connection.server.identity
        return cls(str(log), identity, destination.entity, destination.project, destination.run_id)


class SettledRun(NamedTuple):
    """`wishes`: what may be sent of it, where somebody said so; None: what the app's settings say."""

    key: Key
    status: RunStatus
    destination: Destination
    wishes: Wishes | None = None


class Settled:
    """The settled runs of one engine. Safe from all threads.

    under_way: the engine's syncs, and their lock: a run is among them or here, never both.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, under_way: dict[Key, RunSync], under_way_lock: threading.Lock
    ) -> None:
        self._under_way, self._under_way_lock = under_way, under_way_lock
        self._lock = threading.Lock()
        self._finding = threading.Lock()
        self._runs: dict[str, tuple[SettledRun, ...]] = {}  # by log
        self._destinations: dict[Destination, Destination] = {}  # one for thousands of runs that go to the same place
        self._memory = _Memory(ledger, clock)
        self._parent: tuple[str, tuple[int, int], str] = ("", (0, 0), "")

    def find(
        self, folder: Path, connection: Connection, destination: Destination, wishes: Wishes | None = None
    ) -> SettledRun | None:
        """Show a run folder whose log the ledger calls verified as large and as old as it is now; None for any other.

        wishes: what may be sent of it from now on, where somebody said so.
        The layout before 0.10 and logs with other names than usual are never found here. Raises AppError when the
        ledger cannot be read.
        """
        with self._finding:
            found = self._find(folder, connection, destination)
        with self._under_way_lock:
            if found is None or found[0] in self._under_way:
                return None
            return self._add(SettledRun(*found, destination, wishes))

    def put_away(self, run: RunSync, wishes: Callable[[RunSync], Wishes | None]) -> bool:
        """Whether a run is over and verified, and asked for by nobody: its status is all that is kept of it then.

        wishes: what somebody said that may be sent of a run, where that is not what the settings say.
        """
        with self._under_way_lock:
            if not run.is_settled or not _is_usual(run.folder):
                return False
            key = Key.of(run.log, run.connection, run.destination)
            if self._under_way.pop(key, None) is not None:
                self._add(SettledRun(key, run.status(), run.destination, wishes(run)))
        return True

    def _find(self, folder: Path, connection: Connection, destination: Destination) -> tuple[Key, RunStatus] | None:
        parent, _, name = os.fspath(folder).rpartition(os.sep)
        named = RUN_NAME.fullmatch(name)
        if named is None:
            return None
        run_id, server = named[1], connection.server
        try:
            real = self._real(parent)
            log = f"{real}{os.sep}{name}{os.sep}run-{run_id}.wandb"
            known = self._memory.of(log, real)
            if not known:
                return None
            found = os.stat(log)  # noqa: PTH116 -- ten thousand in a second
        except OSError:
            return None
        is_meant = destination.matches(run_id)
        for one in known:
            is_same = (one["verified_size"], one["verified_mtime_ns"]) == (found.st_size, found.st_mtime_ns)
            if is_same and one["server"] == server.identity and is_meant(one):
                return Key.of(log, connection, destination), _status(one, server.url, destination)
        return None

    def _add(self, settled: SettledRun) -> SettledRun:
        """Gives the one that is kept: of two ways to one place the first."""
        log = settled.key.log
        with self._lock:
            before = self._runs.get(log, ())
            same = next((one for one in before if one.key == settled.key or _is_one_place(one, settled)), settled)
            status = settled.status if same.key == settled.key else same.status
            destination = self._destinations.setdefault(same.destination, same.destination)
            kept = SettledRun(same.key, status, destination, settled.wishes or same.wishes)
            self._runs[log] = (*(one for one in before if one is not same), kept)
        return kept

    def drop(self, key: Key) -> None:
        """An ordinary sync shows it from now on. Called with the lock of those under way."""
        with self._lock:
            others = tuple(one for one in self._runs.pop(key.log, ()) if one.key != key)
            if others:
                self._runs[key.log] = others

    def forget(self, logs: Iterable[str], kept: Container[Key] = ()) -> list[SettledRun]:
        """All about these logs but what is to be kept; what was known of them."""
        found = []
        with self._lock:
            for log in logs:
                known = self._runs.pop(log, ())
                stays = tuple(one for one in known if one.key in kept)
                if stays:
                    self._runs[log] = stays
                found += [one for one in known if one.key not in kept]
        return found

    def of(self, log: str) -> tuple[SettledRun, ...]:
        """What is known of a log: one for each place that has it."""
        with self._lock:
            return self._runs.get(log, ())

    def named(self, status: RunStatus) -> SettledRun | None:
        """The one that is shown so; None where it is not among them any more."""
        return next((one for one in self.of(log_in(status.path)) if one.status.key == status.key), None)

    def forget_folder(self, folder: Path) -> None:
        """Like `forget`, for a run folder that is gone; its parents may be links."""
        self.forget(log_in(os.fspath(path)) for path in (folder, folder.resolve()))

    def statuses(self) -> list[RunStatus]:
        """All of them, as they were when they settled."""
        with self._lock:
            return [one.status for runs in self._runs.values() for one in runs]

    def _real(self, parent: str) -> str:
        """A folder without links in its path; resolved once for thousands of runs, and again when it is another."""
        stat = os.stat(parent)  # noqa: PTH116
        identity = (stat.st_dev, stat.st_ino)
        if self._parent[:2] != (parent, identity):
            self._parent = (parent, identity, os.path.realpath(parent))
        return self._parent[2]


class _Memory:
    """What the ledger calls verified. Asked for many logs of one folder, it reads about all of them at once."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._folder, self._asked = "", 0
        self._until = 0.0
        self._read: dict[str, list[Row]] | None = None

    def of(self, log: str, folder: str) -> list[Row]:
        """The rows of `Ledger.verified_logs`; at most `LASTING` seconds old. Raises AppError."""
        now = self._clock.monotonic()
        if folder != self._folder or now > self._until:
            self._folder, self._asked, self._until, self._read = folder, 0, now + LASTING, None
        self._asked += 1
        if self._asked <= MANY:
            return self._ledger.verified_logs(log)
        if self._read is None:
            self._read = {}
            for row in self._ledger.verified_logs(folder, is_folder=True):
                self._read.setdefault(row["path"], []).append(row)
        return self._read.pop(log, [])


def _is_one_place(one: SettledRun, other: SettledRun) -> bool:
    places = [(each.key.server, each.status.entity, each.status.project, each.status.run_id) for each in (one, other)]
    return places[0] == places[1]


def _is_usual(folder: RunFolder) -> bool:
    """Whether a log can be told from its folder's name, as all that is kept here."""
    return str(folder.log) == log_in(str(folder.path))


def log_in(folder: str) -> str:
    """The log that a run folder of this name holds; an empty text for other names."""
    named = RUN_NAME.fullmatch(os.path.basename(folder))  # noqa: PTH119
    return f"{folder}{os.sep}run-{named[1]}.wandb" if named else ""


def _status(row: Row, server: str, destination: Destination) -> RunStatus:
    counts: dict[str, Any] = {**json.loads(row["counts"]), "rows_sent": 0}
    for name in ("entity", "project", "writer"):  # the same for thousands of runs
        counts[name] = intern(str(counts.get(name) or ""))
    path, run_state = row["path"].rpartition(os.sep)[0], RunState(counts.get("run_state", "unknown"))
    seen = Extent(row["verified_size"], row["verified_mtime_ns"])
    return status_by(path, row["run_id"], destination, server, SyncState.VERIFIED, run_state, counts, seen)
