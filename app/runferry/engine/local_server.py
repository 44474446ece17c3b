"""The local server's process: found when it runs already, started when it does not, ended when we started it.

It is a process of its own because taking in a large request would make a window stutter. It is known by its
store's id and shows that it has the store's key, so another program on its port is never taken for it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from runferry.clock import Clock
from runferry.errors import NeedsUser
from runferry.remote.probe import store_at

log = logging.getLogger(__name__)

START_TIMEOUT = 30.0
ADDRESS_FILE = "server.json"  # written by `runferry serve` into its store: url, store, pid, owned
OWNED = "--owned"  # tells `runferry serve` that an owner started it, and not a person


@dataclass(frozen=True)
class Running:
    """Where the local server answers. `store`: its store's id."""

    url: str
    store: str
    key: str

    def __repr__(self) -> str:
        return f"Running({self.url}, {self.store})"


class LocalServer:
    """Finds or starts the server of one store."""

    def __init__(
        self, store: Path, port: int, clock: Clock, probe: Callable[[str, str], str | None] = store_at
    ) -> None:
        self._store = store
        self._port = port
        self._clock = clock
        self._probe = probe
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted: psutil.Process | None = None

    def ensure(self) -> Running:
        """The running server; started when there is none. Raises NeedsUser when it does not come up."""
        with self._lock:
            return self._find() or self._start()

    def is_down(self) -> bool:
        """Whether the process that we started, or took over from an owner that died, has ended by itself."""
        if self._process is not None:
            return self._process.poll() is not None
        return self._adopted is not None and not self._adopted.is_running()

    @property
    def has_started_one(self) -> bool:
        """Whether the process is one that this object started itself."""
        return self._process is not None

    def stop(self, timeout: float = 10) -> None:
        """End the process if it is ours; a server that a person started stays."""
        with self._lock:
            process, self._process = self._process, None
            adopted, self._adopted = self._adopted, None
        ending = process or adopted
        if ending is None or self._has_ended(ending):
            return
        try:
            ending.terminate()
            ending.wait(timeout)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            ending.kill()
            ending.wait(timeout)
        except psutil.Error:
            return  # it went by itself

    @staticmethod
    def _has_ended(process: subprocess.Popen[bytes] | psutil.Process) -> bool:
        return process.poll() is not None if isinstance(process, subprocess.Popen) else not process.is_running()

    def _find(self) -> Running | None:
        try:
            told = json.loads((self._store / ADDRESS_FILE).read_text())
            url, store, pid = str(told["url"]), str(told["store"]), int(told["pid"])
            key = (self._store / "key").read_text().strip()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not key or self._probe(url, key) != store:
            return None  # nobody, or another program (of another person, even) on the port that ours once had
        self._adopt(pid, bool(told.get("owned")))
        return Running(url, store, key)

    def _adopt(self, pid: int, owned: bool) -> None:
        """An earlier owner started it and died before it could end it: that is ours to do now."""
        self._adopted = None
        if self._process is not None and self._process.pid != pid and self._process.poll() is not None:
            self._process = None
        if owned and self._process is None:
            try:
                self._adopted = psutil.Process(pid)
            except psutil.Error:
                log.info("the local server's process %d cannot be looked at", pid)

    def _start(self) -> Running:
        self._store.mkdir(parents=True, exist_ok=True)
        with (self._store / "server.log").open("ab") as output:
            before = output.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*own_command(), "serve", "--data", str(self._store), "--port", str(_free(self._port)), OWNED],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",  # Ctrl-C is for the owner, which ends it in its own time
            )
        waiting = threading.Event()
        deadline = self._clock.monotonic() + START_TIMEOUT
        while self._clock.monotonic() < deadline:
            found = self._find()
            if found is not None:
                log.info("the local server answers at %s", found.url)
                return found
            if self._process.poll() is not None:
                break
            self._clock.wait(waiting, 0.02)
        said = (self._store / "server.log").read_bytes()[before:].decode(errors="replace")[-500:]
        raise NeedsUser(
            "local-server-down",
            "The local server does not start",
            f"Its last words: {said.strip() or 'none'}",
            f"See {self._store / 'server.log'}; is the disk full, or the folder not writable?",
        )


def _free(port: int) -> int:
    """The usual port, or 0 (any) where another program has it."""
    with socket.socket() as trial:
        if os.name == "posix":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def own_command() -> list[str]:
    """How this program is started again, from source or frozen."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "runferry"]
