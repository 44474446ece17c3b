"""Lets work on other threads give way to the window: it goes on while the window waits for something to do.

Python runs one thread at a time. Painting calls Qt hundreds of times, and each return may wait for a thread that
decodes: so a table would take a tenth of a second to paint where it takes five milliseconds alone.
"""

from __future__ import annotations

import threading

from PySide6.QtCore import QAbstractEventDispatcher

PATIENCE = 0.05  # seconds that work waits at most: it must go on, however busy the window is


class Courtesy:
    """`start` and `stop` on the window's thread, `give_way` on any other."""

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()
        self._dispatcher: QAbstractEventDispatcher | None = None

    def start(self) -> None:
        """Begin to look at when the window is busy."""
        dispatcher = QAbstractEventDispatcher.instance()
        if dispatcher is not None and self._dispatcher is None:
            self._dispatcher = dispatcher
            dispatcher.awake.connect(self._idle.clear)
            dispatcher.aboutToBlock.connect(self._idle.set)

    def stop(self) -> None:
        """Nobody gives way any more."""
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.awake.disconnect(self._idle.clear)
            dispatcher.aboutToBlock.disconnect(self._idle.set)
        self._idle.set()

    def give_way(self) -> None:
        """Wait for a moment in which the window has nothing to do."""
        self._idle.wait(PATIENCE)
