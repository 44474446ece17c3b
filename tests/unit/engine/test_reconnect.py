"""After sleep, or in another network: what hangs on dead connections is let go, and asked again at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from runferry.engine.controls import Controls
from runferry.status import ConnectionState

REMOTE, STOPPED, PAUSED, LOCAL = "https://a.example", "https://b.example", "https://c.example", "http://127.0.0.1:8470"


class Parts(Controls):
    """An engine with connections only, that writes down what happens."""

    def __init__(self) -> None:
        self.cut: list[str] = []
        self.tried: list[str] = []
        states = {
            REMOTE: ConnectionState.ONLINE,
            STOPPED: ConnectionState.RETRYING,
            PAUSED: ConnectionState.PAUSED,
            LOCAL: ConnectionState.ONLINE,
        }
        made: Any = SimpleNamespace(all=lambda: [self._connection(url, state) for url, state in states.items()])
        self.connections = made

    def _connection(self, url: str, state: ConnectionState) -> Any:
        session = SimpleNamespace(cut_off=lambda: self.cut.append(url))
        return SimpleNamespace(server=SimpleNamespace(url=url), state=state, session=session)

    def _go_on(self, url: str) -> None:
        self.tried.append(url)


def test_remote_connections_are_cut_and_what_waits_is_tried() -> None:
    parts = Parts()
    parts.reconnect()
    assert parts.cut == [REMOTE, STOPPED, PAUSED]  # this computer's own server did not move
    assert parts.tried == [STOPPED]
