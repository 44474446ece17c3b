"""A program without the product's window, in which the product's parts look at the desktop: says what they see.

Commands are not needed: what happens, happens on the desktop. Not a test.
"""

from __future__ import annotations

import json
import signal
from dataclasses import asdict
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from runferry.desktop.system.bus import Bus, Which
from runferry.desktop.system.reachability import Reachability
from runferry.desktop.system.tray_watch import TrayWatch
from runferry.desktop.system.wake import Wake


def say(event: str, **what: Any) -> None:
    """One line about what happened."""
    print(json.dumps({"event": event, **what}), flush=True)


class Icons:
    """Makes the icon anew whenever a tray appears, as the app does."""

    def __init__(self) -> None:
        self._menu = QMenu()
        self._menu.addAction("Open")
        self._pixels = QPixmap(32, 32)
        self._pixels.fill("#1f77b4")
        self._icon: QSystemTrayIcon | None = None

    def make(self) -> None:
        self.remove()
        self._icon = QSystemTrayIcon(QIcon(self._pixels))
        self._icon.setContextMenu(self._menu)
        self._icon.show()
        say("appeared")

    def remove(self) -> None:
        if self._icon is not None:
            self._icon.deleteLater()
            self._icon = None
            say("gone")


if __name__ == "__main__":
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    signal.signal(signal.SIGTERM, lambda *_: app.exit(0))
    ticking = QTimer()  # lets Python see the signal
    ticking.timeout.connect(lambda: None)
    ticking.start(50)
    session, system = Bus(), Bus(Which.SYSTEM)
    session.start()
    system.start()
    icons, tray, wake, network = Icons(), TrayWatch(session), Wake(system), Reachability(system)
    tray.appeared.connect(icons.make)
    tray.gone.connect(icons.remove)
    wake.woke.connect(lambda: say("woke"))
    network.changed.connect(lambda state: say("reach", **asdict(state)))
    if tray.start():
        icons.make()
    wake.start()
    network.start()
    say("ready", tray=tray.is_here)
    code = app.exec()
    for part in (tray, wake, network, session, system):
        part.stop()
    say("over")
    raise SystemExit(code)
