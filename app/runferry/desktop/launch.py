"""The desktop app: builds Qt's application, window and tray icon around an engine, and takes them down again.

The caller owns the engine (and the lock of the state folder); this module only shows it. Qt is imported nowhere in a
headless start, since only this module's import brings it.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from runferry.desktop.bridge import Bridge, Update
from runferry.desktop.context import Context
from runferry.desktop.memory import Memory
from runferry.desktop.pages import makers
from runferry.desktop.tasks import Tasks
from runferry.desktop.window import Window
from runferry.version import __version__

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

log = logging.getLogger(__name__)

LOOK_AFTER = 2000  # milliseconds between two looks at the local server
SWITCH = 0.0005  # seconds: threads that decode give the window its turn (docs/architecture.md)


class DesktopApp(QObject):
    """Everything between Qt and the engine, started and stopped on the window's thread."""

    def __init__(self, application: QApplication, engine: Engine) -> None:
        super().__init__()
        self._application = application
        self.engine = engine
        self.memory = Memory(engine.home.state / "window.json")
        self.tasks = Tasks(self)
        self.bridge = Bridge(engine, self)
        self.window = Window(self.memory)
        self.context = Context(engine, self.bridge, self.tasks, self.memory, self.window)
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look_after)
        self._is_looking = False

    def start(self, hidden: bool = False) -> None:
        """Show what there is. hidden: only the tray icon (started at login)."""
        self.tasks.start()
        self.window.set_pages(makers(self.context))
        self.window.close_asked.connect(self._closed)
        self.tasks.failed.connect(self.window.tell)
        self.bridge.updated.connect(self._take)
        self.bridge.start()
        self._looking.start(LOOK_AFTER)
        self.tasks.run(self.engine.watching.begin)
        if not hidden:
            self.window.bring_up()

    def stop(self) -> None:
        """Before the engine stops: nothing is shown any more."""
        self._looking.stop()
        self.bridge.stop()
        self.window.leave()
        self.tasks.stop()

    def quit(self) -> None:
        """End the app. `QApplication.quit` would ask the window, which hides instead."""
        self._application.exit(0)

    def _take(self, update: Update) -> None:
        for event in update.events:
            if event.kind == "show":
                self.window.bring_up()
            elif event.kind == "quit":
                self.quit()
        self.window.take(update)

    def _closed(self) -> None:
        self.quit()

    def _look_after(self) -> None:
        """The local server is started again if it died."""
        if self._is_looking:
            return
        self._is_looking = True

        def over(_: object) -> None:
            self._is_looking = False

        self.tasks.run(self.engine.look_after_local_server, over, over)


def application(arguments: list[str] | None = None) -> QApplication:
    """Qt's application, named so that the desktop finds its entry and icon."""
    found = QApplication.instance()
    made = found if isinstance(found, QApplication) else QApplication(arguments or sys.argv[:1])
    made.setApplicationName("runferry")
    made.setApplicationDisplayName("Runferry")
    made.setApplicationVersion(__version__)
    made.setDesktopFileName("runferry")
    made.setQuitOnLastWindowClosed(False)
    return made


def run(engine: Engine, hidden: bool = False) -> int:
    """Show the app until it ends; its exit code."""
    made = application()
    sys.setswitchinterval(SWITCH)
    app = DesktopApp(made, engine)
    release = _interruptible(app.quit)
    try:
        app.start(hidden)
        return made.exec()
    finally:
        app.stop()
        release()


def _interruptible(ended: Callable[[], None]) -> Callable[[], None]:
    """Ctrl+C and SIGTERM end the app: Qt's loop runs no Python, so the signal wakes it through a socket."""
    here, there = socket.socketpair()
    for one in (here, there):
        one.setblocking(False)
    before_fd = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(here.fileno(), QSocketNotifier.Type.Read)

    def woken() -> None:
        here.recv(64)

    notifier.activated.connect(woken)
    before = {one: signal.signal(one, lambda number, frame: ended()) for one in (signal.SIGINT, signal.SIGTERM)}

    def release() -> None:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before_fd)
        for one, handler in before.items():
            signal.signal(one, handler)
        here.close()
        there.close()

    return release
