"""Everything that looks at the desktop and the computer around the app, started and stopped as one.

Signals say that something changed; nothing here changes the app. Each part works without the others' services.
"""

from __future__ import annotations

import logging
import sys

from PySide6.QtCore import QObject, Signal, Slot

from runferry.desktop.system.bus import Bus, Which
from runferry.desktop.system.open import Opener
from runferry.desktop.system.reachability import NetworkState, Reachability, is_better
from runferry.desktop.system.tray_watch import TrayWatch
from runferry.desktop.system.wake import Wake

log = logging.getLogger(__name__)


class Surroundings(QObject):
    """Made, started and stopped on the window's thread. `session` and `system` are None where there is no D-Bus.

    `try_now`: connections are to be dropped and servers asked at once: the computer woke, or another network is there.
    """

    try_now = Signal()

    def __init__(self, parent: QObject | None = None, platform: str = sys.platform) -> None:
        super().__init__(parent)
        has_bus = platform.startswith("linux")
        self.session = Bus(Which.SESSION) if has_bus else None
        self.system = Bus(Which.SYSTEM) if has_bus else None
        self.tray = TrayWatch(self.session, self)
        self.wake = Wake(self.system, self)
        self.network = Reachability(self.system, parent=self)
        self.opener = Opener(self.session)
        self._before: NetworkState | None = None
        self.wake.woke.connect(self._woke)
        self.network.changed.connect(self._take_network)

    def start(self) -> None:
        """Begin to look."""
        for bus in (self.session, self.system):
            if bus is not None:
                bus.start()
        self.tray.start()
        self.wake.start()
        self.network.start()

    def stop(self) -> None:
        """No signal comes any more."""
        for part in (self.tray, self.wake, self.network):
            part.stop()
        for bus in (self.session, self.system):
            if bus is not None:
                bus.stop()
        self.opener.close()

    @Slot()
    def _woke(self) -> None:
        log.info("the computer woke from sleep")
        self.try_now.emit()

    @Slot(object)
    def _take_network(self, state: NetworkState) -> None:
        log.info("network: %s", state)
        before, self._before = self._before, state
        if before is not None and is_better(before, state):  # the first one is how it is, not a change
            self.try_now.emit()
