"""The one owner of a state folder: a lock that the system releases when the process dies, whatever it dies of.

The lock is what counts. Who holds it stands in ``owner.json`` beside it, which is only for people: after a crash it
may name a process that is gone. (Not in the lock file itself: every attempt to lock truncates that.)
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import filelock

from runferry.clock import Clock, SystemClock
from runferry.errors import NeedsUser, PermanentError
from runferry.paths import Home
from runferry.settings.file import replace_private

PATIENCE = 0.5
"""Seconds: somebody who only asks whether the lock is held has it for an instant."""


@dataclass(frozen=True)
class OwnerInfo:
    """Who owns a state folder. `kind`: what it was started as (``app``, ``watch`` …); `since`: epoch seconds."""

    pid: int
    kind: str
    host: str
    since: float


class Occupied(PermanentError):
    """Another process owns the state folder; `info` is None where it has not said who it is yet."""

    def __init__(self, home: Home, info: OwnerInfo | None) -> None:
        who = "Another process" if info is None else f"`{info.kind}`, process {info.pid} on {info.host},"
        super().__init__(
            "already-running",
            "Runferry is already running",
            f"{who} works with {home.state}.",
            "Use it with `runferry status`, stop it, or set RUNFERRY_HOME to another folder.",
        )
        self.info = info


class Owner:
    """Holds the lock between `acquire` and `release`. Not for two threads at once."""

    def __init__(self, home: Home, kind: str = "app", clock: Clock | None = None) -> None:
        self._home = home
        self._kind = kind
        self._clock = clock or SystemClock()
        # Any thread may release it; the folder is made by acquire.
        self._lock = filelock.FileLock(home.lock_file, thread_local=False, mode=0o600)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock.is_locked

    def acquire(self, timeout: float = PATIENCE) -> OwnerInfo:
        """Become the owner, or raise Occupied after `timeout` seconds. NeedsUser where no lock can be made."""
        try:
            self._home.state.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire(timeout=timeout, poll_interval=0.02)
        except filelock.Timeout:
            raise Occupied(self._home, _read(self._home)) from None
        except (OSError, NotImplementedError) as error:
            raise _no_lock(self._home, error) from error
        info = OwnerInfo(os.getpid(), self._kind, socket.gethostname(), self._clock.time())
        try:
            replace_private(info_file(self._home), json.dumps(asdict(info)))
        except OSError as error:
            self._lock.release()
            raise _no_lock(self._home, error) from error
        return info

    def release(self) -> None:
        """Give the lock back; does nothing where it is not held."""
        if self._lock.is_locked:
            info_file(self._home).unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Owner:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def find_owner(home: Home) -> OwnerInfo | None:
    """Who owns the state folder now, or None; an owner that died is not one."""
    if not home.lock_file.exists():
        return None
    probe = filelock.FileLock(home.lock_file, thread_local=False, mode=0o600)
    try:
        probe.acquire(timeout=0)
    except filelock.Timeout:
        return _read(home) or OwnerInfo(0, "unknown", "", 0.0)
    except (OSError, NotImplementedError) as error:
        raise _no_lock(home, error) from error
    probe.release()
    return None


def info_file(home: Home) -> Path:
    """Where the owner says who it is."""
    return home.lock_file.with_name("owner.json")


def _read(home: Home) -> OwnerInfo | None:
    try:
        found = json.loads(info_file(home).read_text(encoding="utf-8"))
        return OwnerInfo(int(found["pid"]), str(found["kind"]), str(found["host"]), float(found["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _no_lock(home: Home, error: Exception) -> NeedsUser:
    return NeedsUser(
        "state-unusable",
        "The state folder cannot be used",
        f"{home.state}: {getattr(error, 'strerror', None) or error}.",
        "Make it writable for you, or set RUNFERRY_HOME to a folder on a local disk.",
        error,
    )
