"""Events say that something changed and never carry the truth: a listener asks the engine for a snapshot.

Listeners are called on the thread that published, outside any lock, and must return at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """`kind` names what changed (``run``, ``server``, ``folder``, ``notice``), `subject` which one."""

    kind: str
    subject: str = ""
    text: str = ""


Listener = Callable[[Event], None]


class EventBus:
    """Hands each event to all listeners; one that raises is logged and does not stop the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; call what is returned to remove it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def remove() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return remove

    def publish(self, event: Event) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", event)
