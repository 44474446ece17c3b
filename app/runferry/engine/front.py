"""The window of this process, as far as the engine has to know it: whether it is there, came up, or is about to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from runferry.errors import TemporaryError

PATIENCE = 10.0  # seconds until a window that was asked to come up has done so
_LOOK = 0.2  # seconds between two looks whether anybody still waits

ENDING, SILENT = "window-ending", "window-silent"


class Front:
    """Without a window nothing is waited for. Safe from all threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._is_there = self._is_ending = False
        self._shown = 0

    def appeared(self) -> None:
        """A window is there, and says when it came up."""
        self._is_there = True

    def ends(self) -> None:
        """It does not come up any more."""
        with self._condition:
            self._is_ending = True
            self._condition.notify_all()

    def came_up(self) -> None:
        """Called by the window each time."""
        with self._condition:
            self._shown += 1
            self._condition.notify_all()

    def show(self, ask: Callable[[], None], is_cancelled: Callable[[], bool] = lambda: False) -> None:
        """Ask it to come up, and wait until it did. Raises TemporaryError where it does not."""
        deadline = time.monotonic() + PATIENCE
        with self._condition:
            before = self._shown
        if not self._is_ending:
            ask()
        if not self._is_there:
            return
        with self._condition:
            while self._shown == before and not self._is_ending and not is_cancelled():
                if time.monotonic() > deadline:
                    raise TemporaryError(
                        SILENT,
                        "The window of the Runferry that runs does not come up",
                        f"It was asked to, and did not within {PATIENCE:g} seconds.",
                        "Wait a moment and try again; if it stays so, end that process (`runferry status --json` "
                        "tells its number) and start it again.",
                    )
                self._condition.wait(_LOOK)
            if self._is_ending:
                raise TemporaryError(
                    ENDING, "The Runferry that runs is about to end", "Its window is closed already.", "Try again."
                )
