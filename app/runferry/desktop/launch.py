"""The desktop app: builds Qt's application, window and tray icon around an engine, and takes them down again.

The caller owns the engine (and the lock of the state folder); this module only shows it. Qt is imported nowhere in a
headless start, since only this module's import brings it.
"""

from __future__ import annotations

import gc
import json
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from runferry import leaving
from runferry.desktop.bridge import Bridge, Update
from runferry.desktop.context import Context
from runferry.desktop.drop.adding import Adding
from runferry.desktop.first.starting import Starting
from runferry.desktop.look.app_icon import app_icon
from runferry.desktop.memory import Memory
from runferry.desktop.pages import makers
from runferry.desktop.system.activation import accept_token
from runferry.desktop.system.news import NewsKind
from runferry.desktop.system.notifications import Notifications
from runferry.desktop.system.notifier import Notifier
from runferry.desktop.system.surroundings import Surroundings
from runferry.desktop.system.way_in import WayIn
from runferry.desktop.tasks import Tasks
from runferry.desktop.text import tr
from runferry.desktop.tray.icon import Tray
from runferry.desktop.tray.menu import TrayMenu
from runferry.desktop.tray.wishes import tray_wishes
from runferry.desktop.window import Window
from runferry.version import __version__

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

log = logging.getLogger(__name__)

LOOK_AFTER = 2000  # milliseconds between two looks at the local server
SWITCH = 0.0001  # seconds until a thread that computes gives another its turn
OBJECTS = 10_000  # made between two looks for garbage


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
        self.surroundings = Surroundings(self)
        opener = self.surroundings.opener
        self.context = Context(engine, self.bridge, self.tasks, self.memory, self.window, opener)
        self.adding = Adding(self.context, self.window)
        self.starting = Starting(self.context, self)
        self.tray = Tray(self.toggle, self)
        self.way_in = WayIn(self.surroundings.tray, self.window.isVisible, self.window.bring_up, self)
        self.notifier = Notifier(self.surroundings.session, self.tray.message, self)
        self.notifications = Notifications(self.notifier, lambda: engine.settings, self.memory, self)
        self.menu = TrayMenu(tray_wishes(self.context, self.quit, self._snooze))
        self.tray.menu = self.menu.menu
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look_after)
        self._is_looking = False

    def start(self, hidden: bool = False, paths: Sequence[Path] = ()) -> None:
        """Show what there is. hidden: only the tray icon (started at login). paths: to be added, asked first."""
        self.tasks.start()
        self.engine.front.appeared()
        self.window.set_pages(makers(self.context))
        self.window.close_asked.connect(self._closed)
        self.window.dropped.connect(self.adding.add)
        self.window.certificates_dropped.connect(self._look_at_certificates)
        self.window.sheets.closed.connect(self.adding.closed)
        self.window.sheets.closed.connect(self.starting.closed)
        self.window.set_up_asked.connect(self.starting.show)
        self.tasks.failed.connect(self.window.tell)
        self.bridge.updated.connect(self._take)
        self.bridge.start()
        self._looking.start(LOOK_AFTER)
        self.tasks.run(self.engine.watching.begin)
        self.tasks.run(self.engine.remembered.begin)
        self.surroundings.tray.appeared.connect(self.tray.make)
        self.surroundings.tray.gone.connect(self.tray.drop)
        self.surroundings.try_now.connect(lambda: self.tasks.run(self.engine.reconnect))
        self.surroundings.network.changed.connect(lambda _: self.tasks.run(self._tell_of_network))
        self.surroundings.start()
        self.notifier.start()
        self.notifications.asked.connect(self._show_news)
        self.tray.message_clicked.connect(self._message_clicked)
        self.tray.make()
        self.way_in.start(hidden)
        if paths:
            self.adding.add(paths)
        else:
            self.starting.begin()

    def stop(self) -> None:
        """Before the engine stops: nothing is shown any more."""
        self.engine.front.ends()
        self._looking.stop()
        self.adding.closed()
        self.starting.stop()
        self.notifications.stop()
        self.way_in.stop()
        self.tray.stop()
        self.bridge.stop()
        self.surroundings.stop()
        self.window.leave()
        self.tasks.stop()

    def quit(self) -> None:
        """End the app. `QApplication.quit` would ask the window, which hides instead."""
        # Not at once: asked while the app still starts, there is no loop yet that could end.
        QTimer.singleShot(0, lambda: self._application.exit(0))

    def _take(self, update: Update) -> None:
        for event in update.events:
            if event.kind == "show":
                accept_token(event.subject)
                self.window.bring_up()
                self.engine.front.came_up()
            elif event.kind == "add":  # by `runferry sync --window`
                self.adding.add([Path(one) for one in json.loads(event.subject)])
            elif event.kind == "quit":
                self.quit()
        self.window.take(update)
        self.notifications.take(update)
        self.menu.show_update(update)
        self._show_summary()

    def _show_summary(self) -> None:
        if self.window.summary is not None:
            self.menu.show_summary(self.window.summary)
            self.tray.show_summary(self.window.summary)

    def _snooze(self, minutes: float) -> None:
        self.notifications.snooze(time.time() + minutes * 60 if minutes else None)

    def _show_news(self, kind: NewsKind, subjects: Sequence[str], token: str) -> None:
        """A notification was clicked. subjects: keys of runs, or addresses of servers."""
        if kind is NewsKind.ATTENTION:
            self.window.go("problems")
        else:
            self.window.go("runs", subjects[0] if len(subjects) == 1 else "")
        accept_token(token)
        self.window.bring_up()

    def _tell_of_network(self) -> None:
        """On a task's thread: what is known now, since an older answer may come after a newer one."""
        self.engine.network_is_metered(self.surroundings.network.state.is_metered)

    def _message_clicked(self) -> None:
        """A message of the tray icon: the news it told of, or the app itself."""
        if not self.notifier.clicked_in_tray():
            self.window.bring_up()

    def toggle(self) -> None:
        """The icon was clicked: show the window, or hide it where it is in front."""
        if self.window.isVisible() and self.window.isActiveWindow():
            self.window.hide()
        else:
            self.window.bring_up()

    def _look_at_certificates(self, paths: list[Path]) -> None:
        """Dropped on the window, wherever: the pane that shows them before anything is trusted."""
        from runferry.desktop.settings.page import SettingsPage  # not needed to start

        if not self.window.make_room():
            return
        self.window.go("settings", "certificates")
        page = self.window.page("settings")
        if isinstance(page, SettingsPage):
            page.look_at(paths)

    def _closed(self) -> None:
        """By the title bar: the tray icon stays; without one nobody could ever come back."""
        if not self.tray.is_there:
            self.quit()
            return
        self.window.hide()
        if not self.memory.get("told-of-tray", False):
            self.memory.keep("told-of-tray", True)
            self.notifier.other_message()
            self.tray.message("Runferry", tr("Runferry goes on in the tray. Quit it from its menu there."))

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
    made.setWindowIcon(app_icon())
    made.setQuitOnLastWindowClosed(False)
    return made


def make_fluent() -> None:
    """Set the interpreter up for a window beside threads that decode: nothing holds its thread for long.

    What the imports made is never looked through again: a search of everything for garbage takes some 60 ms.
    """
    sys.setswitchinterval(SWITCH)
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 20)


def run(engine: Engine, hidden: bool = False, paths: Sequence[Path] = ()) -> int:
    """Show the app until it ends; its exit code. paths: what its sheet is opened for at once."""
    made = application()
    make_fluent()
    app = DesktopApp(made, engine)
    release = _interruptible(app.quit)
    try:
        app.start(hidden, paths)
        return made.exec()
    finally:
        leaving.begin()
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
