"""Whether the system thinks that there is a network, and whether it costs money. A hint to try now, never a verdict.

Qt asks NetworkManager, GLib, Windows or macOS; what none of them knows stays unknown. Whether a server can be reached
is only learnt by asking it. QtNetwork is loaded after `start`, not by importing this; and not where NetworkManager
hangs, since Qt waits minutes for it on the window's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from runferry.desktop.system.bus import Bus, Peer, Reply
from runferry.desktop.text import tr

log = logging.getLogger(__name__)

_BUS = Peer("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_MANAGER = Peer("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager", "org.freedesktop.DBus.Properties")
_SIGNALS = ("reachabilityChanged", "isMeteredChanged", "isBehindCaptivePortalChanged")


@dataclass(frozen=True)
class NetworkState:
    """None: nobody knows. `source`: who says so; empty where nobody does, and `note` says why."""

    is_online: bool | None = None
    is_metered: bool | None = None
    has_portal: bool | None = None
    source: str = ""
    note: str = ""


class Reachability(QObject):
    """Made, started and stopped on the window's thread.

    bus: the system's, or None where there is none. load: gives Qt's information object, or None.
    """

    changed = Signal(object)  # NetworkState
    _asked = Signal(object)

    def __init__(
        self, bus: Bus | None = None, load: Callable[[], Any] | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bus = bus
        self._load = load or _load
        self._information: Any = None
        self._is_started = False
        self._state = NetworkState(note=tr("Not asked yet."))
        self._asked.connect(self._begin, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> NetworkState:
        """What was known last."""
        return self._state

    def start(self) -> None:
        """Find out what the system has; `changed` comes when that is known, and at each change."""
        self._is_started = True
        if self._bus is None:
            QTimer.singleShot(0, self._begin_without_bus)
            return
        bus, told = self._bus, self._asked.emit

        def named(reply: Reply) -> None:
            """On the bus's thread."""
            if reply.body == (True,):
                bus.call(_MANAGER, "Get", "ss", (_MANAGER.name, "State"), done=told)
            else:
                told(reply)

        bus.call(_BUS, "NameHasOwner", "s", (_MANAGER.name,), done=named)

    def stop(self) -> None:
        """No signal comes any more."""
        self._is_started = False
        information, self._information = self._information, None
        if information is not None:
            for name in _SIGNALS:
                getattr(information, name).disconnect(self._take_change)

    # -- inside -------------------------------------------------------------------------------------------------------

    @Slot()
    def _begin_without_bus(self) -> None:
        self._begin(Reply())

    @Slot(object)
    def _begin(self, reply: Reply) -> None:
        if not self._is_started:
            return
        if reply.is_late:
            self._set(NetworkState(note=tr("The system's NetworkManager does not answer.")))
            return
        try:
            self._information = self._load()
        except (ImportError, RuntimeError, OSError) as error:  # a package without QtNetwork, a library that is missing
            log.info("no information about the network: %s", error)
        if self._information is None:
            self._set(NetworkState(note=tr("This system does not tell whether there is a network.")))
            return
        for name in _SIGNALS:
            getattr(self._information, name).connect(self._take_change)
        self._take_change()

    @Slot()
    def _take_change(self) -> None:
        if self._information is not None:
            self._set(read(self._information))

    def _set(self, state: NetworkState) -> None:
        if state != self._state:
            self._state = state
            self.changed.emit(state)


def is_better(before: NetworkState, now: NetworkState) -> bool:
    """Whether there is reason to try at once: the network came, changed its kind, or its sign-in page is done."""
    if now.is_online is False:
        return False
    return (before.is_online, before.has_portal, before.is_metered) != (now.is_online, now.has_portal, now.is_metered)


def read(information: Any) -> NetworkState:
    """What Qt's object says; only the features that its source supports."""
    from PySide6.QtNetwork import QNetworkInformation

    feature, reach = QNetworkInformation.Feature, QNetworkInformation.Reachability
    found = information.reachability()
    knows_reach = information.supports(feature.Reachability) and found is not reach.Unknown
    return NetworkState(
        is_online=found not in (reach.Disconnected, reach.Local) if knows_reach else None,
        is_metered=bool(information.isMetered()) if information.supports(feature.Metered) else None,
        has_portal=bool(information.isBehindCaptivePortal()) if information.supports(feature.CaptivePortal) else None,
        source=str(information.backendName()),
    )


def _load() -> Any:
    from PySide6.QtNetwork import QNetworkInformation

    if QNetworkInformation.loadDefaultBackend():
        return QNetworkInformation.instance()
    return None
