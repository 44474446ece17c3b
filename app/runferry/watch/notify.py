"""The system's notifications, through watchdog. They only shorten a wait: whoever uses them also looks for himself.

Single folders are watched, never trees, since each costs a watch of a limited number (and watchdog a thread). The
callback runs on watchdog's thread and must return at once.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from watchdog import events
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

log = logging.getLogger(__name__)

MAX_FOLDERS = 64
"""Each costs a thread, with watchdog 6 also one of the 128 inotify instances of the whole account."""
STOP_TIMEOUT = 5.0

# Without opened and closed-no-write: with them, watchdog 7.1 answers its own looking with ever more events.
FILTER: list[type[events.FileSystemEvent]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.FileClosedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]

OnEvent = Callable[[str, bool], None]
"""Path and whether it is a folder; the path may be gone."""


class Notifier:
    """Watches folders between `start` and `stop`. Safe from all threads."""

    def __init__(
        self, on_event: OnEvent, limit: int = MAX_FOLDERS, make_observer: Callable[[], BaseObserver] = Observer
    ) -> None:
        self._on_event = on_event
        self._limit = limit
        self._make_observer = make_observer
        self._lock = threading.Lock()
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, tuple[ObservedWatch, int]] = {}
        self._problem = "notifications are not started"

    def start(self) -> None:
        """Begin; where the system gives no notifications, `problem` says so."""
        with self._lock:
            try:
                observer = self._make_observer()
                observer.start()
            except (OSError, RuntimeError) as error:
                self._problem = _why(error)
                log.warning("no notifications: %s", self._problem)
                return
            self._observer, self._problem = observer, ""

    def stop(self) -> None:
        """End; no callback comes after this."""
        with self._lock:
            observer, self._observer = self._observer, None
            self._watches.clear()
            self._problem = "notifications are stopped"
        if observer is not None:
            # Emitters of watchdog are joined too: leaked ones would hold the inotify descriptor.
            emitters = list(observer.emitters)
            observer.stop()
            for thread in (observer, *emitters):
                if thread.is_alive():
                    thread.join(STOP_TIMEOUT)

    @property
    def problem(self) -> str:
        """Why there are no notifications; empty while they work."""
        observer = self._observer
        if not self._problem and observer is not None and not observer.is_alive():
            self._problem = "the thread for notifications died"
            log.error("%s", self._problem)
        return self._problem

    def watch(self, folder: Path) -> str:
        """Watch a folder; may be called several times for one. Returns why not, or an empty text."""
        if self.problem:
            return self.problem
        with self._lock:
            observer = self._observer
            if observer is None:
                return "notifications are stopped"
            watch, users = self._watches.get(folder, (None, 0))
            if watch is None or not self._still_watched(observer, watch):
                if len(self._watches) >= self._limit:
                    return f"more than {self._limit} folders change at once"
                real = os.path.realpath(folder)  # inotify is asked not to follow a link, also where the root is one
                try:
                    watch = observer.schedule(_Handler(self._on_event, folder, real), real, event_filter=FILTER)
                except (OSError, RuntimeError) as error:
                    return _why(error)
            self._watches[folder] = (watch, users + 1)
            return ""

    def unwatch(self, folder: Path) -> None:
        """Undo one `watch`."""
        with self._lock:
            watch, users = self._watches.pop(folder, (None, 0))
            if watch is None:
                return
            if users > 1:
                self._watches[folder] = (watch, users - 1)
            elif self._observer is not None:
                try:
                    self._observer.unschedule(watch)
                except (KeyError, OSError):
                    pass  # the folder is gone, and watchdog dropped it first

    def watches(self, folder: Path) -> bool:
        """Whether notifications of this folder can be relied on now."""
        with self._lock:
            watch, _ = self._watches.get(folder, (None, 0))
            return (
                not self._problem
                and self._observer is not None
                and watch is not None
                and self._still_watched(self._observer, watch)
            )

    @staticmethod
    def _still_watched(observer: BaseObserver, watch: ObservedWatch) -> bool:
        """watchdog ends an emitter whose folder was deleted."""
        return any(emitter.watch == watch and emitter.is_alive() for emitter in observer.emitters)


class _Handler(events.FileSystemEventHandler):
    """Passes on where something happened, under the name by which the folder is known."""

    def __init__(self, on_event: OnEvent, folder: Path, real: str) -> None:
        self._tell = on_event
        self._folder = str(folder)
        self._real = real

    def on_any_event(self, event: events.FileSystemEvent) -> None:
        """Runs on watchdog's thread."""
        for path in (event.src_path, event.dest_path):
            if path:
                self._tell(self._as_named(os.fsdecode(path)), event.is_directory)

    def _as_named(self, path: str) -> str:
        """The path below the folder as it was named, where that is a link."""
        return self._folder + path[len(self._real) :] if path.startswith(self._real) else path


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC:
        return "the system's limit of watched folders is reached (fs.inotify.max_user_watches)"
    if number == errno.EMFILE:
        return "the system's limit of watchers is reached (fs.inotify.max_user_instances)"
    return f"the system refuses: {getattr(error, 'strerror', None) or error}"
