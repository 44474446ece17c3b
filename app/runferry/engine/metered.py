"""Networks that cost money: where the person wants it, nothing is sent on them, and it goes on by itself behind them.

It is told what the system says; it asks nobody. Servers on this computer are never held, and a person who asks for a
server by hand gets it, until the network changes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from runferry.servers import is_loopback

if TYPE_CHECKING:
    from runferry.engine.engine import Engine
    from runferry.sync.connection import Connection

REASON = "metered network"


class Metered:
    """Any thread may call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._is_metered = False
        self._let_go: set[int] = set()  # connections (by `id`) that a person asked for all the same

    @property
    def is_holding(self) -> bool:
        """Whether nothing is sent just now because of the network."""
        return self._is_metered and self._engine.settings.metered == "pause"

    def tell(self, is_metered: bool | None) -> None:
        """What the system says of the network; None: nobody knows, so nothing is held."""
        with self._lock:
            if bool(is_metered) != self._is_metered:
                self._is_metered = bool(is_metered)
                self._let_go.clear()

    def let_go(self, connection: Connection) -> None:
        """A person asked for this server: it is used on this network, whatever it costs."""
        with self._lock:
            if self._is_metered:
                self._let_go.add(id(connection))
        self.apply(connection)

    def apply(self, connection: Connection) -> bool:
        """Hold a connection, or let it go on; whether that changed something."""
        near = is_loopback(connection.server.url)
        held = self.is_holding and not near and id(connection) not in self._let_go
        return connection.hold(REASON if held else "")

    def look(self) -> list[Connection]:
        """All connections that changed: the network or the setting is another one."""
        return [one for one in self._engine.connections.all() if self.apply(one)]
