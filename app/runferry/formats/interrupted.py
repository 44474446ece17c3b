"""Logs of the official client whose training this app stopped. It writes down an exit code as of any failure, so its
log alone cannot tell a run that somebody stopped from one that failed.

One list for the process, kept in a file of the app's state: nothing is written into the run's folder.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from runferry.regular_files import read_regular

log = logging.getLogger(__name__)

LARGEST = 16 << 20  # bytes
MOST = 1000  # logs that are remembered, the newest


class Interrupted:
    """Safe from all threads. Without a file it lasts as long as the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs: dict[str, None] = {}
        self._file: Path | None = None

    def keep_in(self, file: Path) -> None:
        """Take what an earlier process left there, and write there from now on."""
        try:
            told = json.loads(read_regular(file, LARGEST))
        except (OSError, ValueError, RecursionError):
            told = []
        with self._lock:
            self._file = file
            known = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
            self._logs = dict.fromkeys([*known, *self._logs])

    def note(self, logs: Iterable[Path]) -> None:
        """Their training is about to be stopped."""
        with self._lock:
            for one in map(str, logs):
                self._logs.pop(one, None)
                self._logs[one] = None
            self._write()

    def forget(self, logs: Iterable[Path]) -> None:
        """It was not."""
        with self._lock:
            for one in map(str, logs):
                self._logs.pop(one, None)
            self._write()

    def __contains__(self, log: Path) -> bool:
        return str(log) in self._logs

    def _write(self) -> None:
        self._logs = dict.fromkeys(list(self._logs)[-MOST:])
        if self._file is None:
            return
        temporary = self._file.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(list(self._logs)), encoding="utf-8")
            temporary.replace(self._file)
        except OSError as error:
            log.warning("which runs were stopped cannot be kept in %s: %s", self._file, error)


INTERRUPTED = Interrupted()
