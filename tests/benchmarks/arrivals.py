"""Looks at the server's files to see when rows arrive there."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from types import TracebackType

LOOK = 0.005


class Arrivals:
    """Follows one run's rows in the server's store on a thread; `at` has the monotonic time by step."""

    def __init__(self, history: Path) -> None:
        self.at: dict[int, float] = {}
        self._history = history
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="arrivals")

    def __enter__(self) -> Arrivals:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def wait_for(self, rows: int, seconds: float) -> None:
        """Return when so many rows are there. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while len(self.at) < rows:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.at)} of {rows} rows arrived")
            time.sleep(LOOK)

    def _follow(self) -> None:
        position = 0
        while not self._stopped.wait(LOOK):
            try:
                with self._history.open("rb") as file:
                    file.seek(position)
                    new = file.read()
            except FileNotFoundError:
                continue
            now = time.monotonic()
            whole = new[: new.rfind(b"\n") + 1]
            position += len(whole)
            for line in whole.splitlines():
                self.at.setdefault(json.loads(line)["_step"], now)
