"""Knows whether there is a tray, and tells when one appears or goes. It owns no icon.

Where the tray is a D-Bus service (KDE, GNOME's extension), an icon that was made before the tray came never gets into
it: on `appeared` the icon has to be made anew. `QSystemTrayIcon.isVisible` and `supportsMessages` say yes even where
nothing is there, so they are not asked.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QSystemTrayIcon

from runferry.desktop.system.bus import Bus, Peer

EVERY = 2000
"""Milliseconds between two looks: a panel of the old kind comes and goes without a word."""
SOON = (0, 150, 600)
"""Milliseconds after the bus told of a change: Qt hears of it in its own time."""

_BUS = Peer("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_WATCHER = "org.kde.StatusNotifierWatcher"


class TrayWatch(QObject):
    """Made, started and stopped on the window's thread. bus: the session's, or None where there is none."""

    appeared = Signal()
    gone = Signal()
    _owner_changed = Signal(object)

    def __init__(self, bus: Bus | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus = bus
        self._is_here = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._owner_changed.connect(self._take_change, Qt.ConnectionType.QueuedConnection)

    @property
    def is_here(self) -> bool:
        """Whether there was a tray at the last look."""
        return self._is_here

    def start(self) -> bool:
        """Begin to look; gives whether there is a tray now, of which no signal tells."""
        self._is_here = QSystemTrayIcon.isSystemTrayAvailable()
        self._timer.start(EVERY)
        if self._bus is not None:
            self._bus.listen(_BUS, "NameOwnerChanged", self._owner_changed.emit)
        return self._is_here

    def stop(self) -> None:
        """No signal comes any more."""
        self._timer.stop()

    @Slot()
    def look(self) -> None:
        """Look now."""
        was_here, self._is_here = self._is_here, QSystemTrayIcon.isSystemTrayAvailable()
        if self._is_here and not was_here:
            self.appeared.emit()
        elif was_here and not self._is_here:
            self.gone.emit()

    @Slot(object)
    def _take_change(self, body: tuple[Any, ...]) -> None:
        if body[0] == _WATCHER and self._timer.isActive():
            for delay in SOON:
                QTimer.singleShot(delay, self._look_if_started)

    @Slot()
    def _look_if_started(self) -> None:
        if self._timer.isActive():
            self.look()
