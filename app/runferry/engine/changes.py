"""Notices that the network or the settings changed, so that what waits for that is tried again.

One thread that looks every few seconds at the addresses of this computer and at the settings file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import psutil

from runferry.at_work import AT_WORK

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds


class Changes:
    """Calls `on_network` and `on_settings`, and `on_look` each time, on its own thread."""

    def __init__(
        self,
        settings_file: Path | None,
        on_network: Callable[[], None],
        on_settings: Callable[[], None],
        interval: float = INTERVAL,
        addresses: Callable[[], object] | None = None,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self._file, self._on_network, self._on_settings = settings_file, on_network, on_settings
        self._interval, self._on_look = interval, on_look
        self._addresses = addresses or own_addresses
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: tuple[object, object] = (None, None)

    def start(self) -> None:
        """Start looking; what is there now is no change."""
        self._stopping.clear()
        self._seen = (self._addresses(), self._stamp())
        self._thread = threading.Thread(target=self._work, name="changes", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        while not self._stopping.wait(self._interval):
            try:
                with AT_WORK.turn("looking for changes"):
                    self.look()
            except Exception:
                log.exception("looking for changes failed")

    def look(self) -> None:
        """Compare with the last look."""
        before, self._seen = self._seen, (self._addresses(), self._stamp())
        if before[1] != self._seen[1]:
            self._on_settings()
        elif before[0] != self._seen[0]:
            log.info("the network changed: servers are tried again")
            self._on_network()
        self._on_look()

    def _stamp(self) -> object:
        if self._file is None:
            return None
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def own_addresses() -> frozenset[tuple[str, str]]:
    """Interface and address of each that is up; what other hosts are reached by."""
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    return frozenset((name, one.address) for name, all_ in psutil.net_if_addrs().items() if name in up for one in all_)
