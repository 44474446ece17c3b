"""The local server's process: found when it runs already, started when it does not, ended when we started it.

It is a process of its own because taking in a large request would make a window stutter. It is known by its
store's id and shows that it has the store's key, so another program on its port is never taken for it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from runferry.clock import Clock
from runferry.engine.local_port import holder_of, is_free, is_kept, keep_port, kept_port
from runferry.errors import NeedsUser
from runferry.own_command import own_command
from runferry.remote.probe import store_at

log = logging.getLogger(__name__)

START_TIMEOUT = 30.0
ADDRESS_FILE = "server.json"  # written by `runferry serve` into its store: url, store, pid, owned
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
OWNED = "--owned"  # tells `runferry serve` that an owner started it, and not a person


@dataclass(frozen=True)
class Running:
    """Where the local server answers. `store`: its store's id."""

    url: str
    store: str
    key: str

    def __repr__(self) -> str:
        return f"Running({self.url}, {self.store})"


@dataclass(frozen=True)
class LocalServerStatus:
    """What a page shows. `url`, `store`: empty while it does not run; `folder`: where its runs lie.

    is_ours: this app started it and may stop it. is_off: a person stopped it, and it is not started when it is needed.
    """

    is_running: bool
    url: str
    store: str
    folder: str
    is_ours: bool
    is_off: bool


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
        self._is_off = False
        self.on_moved: Callable[[str, str], None] = lambda url, text: log.warning("%s", text)

    @property
    def usual_port(self) -> int:
        """Where it answers unless another program is there."""
        return kept_port(self._store, self._port)

    def ensure(self) -> Running:
        """The running server; started when there is none. Raises NeedsUser when it does not come up, or is off."""
        with self._lock:
            found = self._find()
            if found is None and self._is_off:
                raise NeedsUser(
                    "local-server-off",
                    "The local server is stopped",
                    "It was stopped by hand; what goes to it waits.",
                    "Start it again from the menu, or in the settings.",
                )
            return found or self._start()

    def find(self) -> Running | None:
        """The one that runs, whoever started it; None where none does."""
        with self._lock:
            return self._find()

    def look(self) -> LocalServerStatus:
        """How it is now. Asks it, which may take a second when it hangs."""
        with self._lock:
            found = self._find()
            is_ours = found is not None and (self._process is not None or self._adopted is not None)
            url, store = (found.url, found.store) if found else ("", "")
            return LocalServerStatus(found is not None, url, store, str(self._store), is_ours, self._is_off)

    def use_port(self, port: int) -> None:
        """Listen there from the next start on, which comes at once where ours runs elsewhere. May take seconds."""
        self._port = port
        now = self.look()
        if now.is_ours and not now.is_off and urlsplit(now.url).port != self.usual_port:
            self.stop()
            try:
                self.ensure()
            except NeedsUser as error:
                log.warning("the local server did not come up on its new port: %s", error)

    def turn_on(self) -> Running:
        """Start it, and from now on whenever it is needed. Raises NeedsUser."""
        self._is_off = False
        return self.ensure()

    def turn_off(self) -> None:
        """Stop it, and do not start it again until `turn_on`, or until the app starts again.

        Raises NeedsUser where a person started it in a terminal: then it is not ours to stop.
        """
        now = self.look()
        if now.is_running and not now.is_ours:
            raise NeedsUser(
                "local-server-not-ours",
                "The local server was not started by this app",
                f"Somebody runs `runferry serve` ({now.url}).",
                "End it where it was started, with Ctrl+C.",
            )
        self._is_off = True
        self.stop()

    def store_size(self) -> int:
        """Bytes of all files in its store. Looks at each: takes a while for large stores."""
        total = 0
        for at, _, files in os.walk(self._store):
            for name in files:
                try:
                    total += os.lstat(os.path.join(at, name)).st_size  # noqa: PTH118 - a million of them
                except OSError:
                    continue
        return total

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
        """On the store's port if it is free. Another program may take it before the server does: then on any."""
        self._store.mkdir(parents=True, exist_ok=True, mode=0o700)
        usual, was_kept = self.usual_port, is_kept(self._store, self._port)
        ports = (usual, 0) if is_free(usual) else (0,)
        said = ""
        for one in dict.fromkeys(ports):
            found, said = self._started(one)
            if found is not None:
                port = urlsplit(found.url).port or usual
                if not was_kept:
                    keep_port(self._store, self._port, port)
                self._tell(found.url, usual, port, was_kept)
                return found
        raise NeedsUser(
            "local-server-down",
            "The local server does not start",
            f"Its last words: {said.strip() or 'none'}",
            f"See {self._store / 'server.log'}; is the disk full, or the folder not writable?",
        )

    def _tell(self, url: str, usual: int, port: int, was_kept: bool) -> None:
        log.info("the local server answers at %s", url)
        if port == usual:
            return
        later = (
            f"Links to port {usual} work again when that port is free and the server is started anew."
            if was_kept
            else "It keeps that address from now on."
        )
        self.on_moved(url, f"Port {usual} is used by {holder_of(usual)}: the local server answers at {url}. {later}")

    def _started(self, port: int) -> tuple[Running | None, str]:
        """Start it on a port, 0 for any; the server, or its last words."""
        said = self._store / "server.out"  # its first words, and its last if it dies; its log takes turns by itself
        with os.fdopen(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NOFOLLOW, 0o600), "wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*own_command(), "serve", "--data", str(self._store), "--port", str(port), OWNED],
                stdin=subprocess.DEVNULL,
                cwd=self._store,  # no other folder is held, and nothing in it is taken for a part of the program
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name == "posix",  # Ctrl-C is for the owner, which ends it in its own time
            )
        waiting = threading.Event()
        deadline = self._clock.monotonic() + START_TIMEOUT
        while self._clock.monotonic() < deadline:
            found = self._find()
            if found is not None:
                return found, ""
            if self._process.poll() is not None:
                break
            self._clock.wait(waiting, 0.02)
        return None, said.read_bytes().decode(errors="replace")[-500:]
