"""What runs work with: one object for all runs of a connection, as ten thousand of their own would cost 8 MB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runferry.servers import is_loopback
from runferry.settings import Settings
from runferry.sync.connection import Connection
from runferry.sync.means import Means

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


class SharedMeans:
    """Made anew when the settings are others. Any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: dict[Connection, tuple[Settings, Means]] = {}

    def of(self, connection: Connection) -> Means:
        """By the settings as they are now. The engine has been started."""
        settings = self._engine.settings
        known, means = self._made.get(connection, (None, None))
        if means is None or known is not settings:
            means = self._make(connection, settings)
            self._made[connection] = (settings, means)
        return means

    def _make(self, connection: Connection, settings: Settings) -> Means:
        engine = self._engine
        assert engine._scheduler.senders is not None
        near = is_loopback(connection.server.url)
        return Means(
            ledger=engine.ledger,
            clock=engine.clock,
            permit=engine.permit,
            senders=engine._scheduler.senders,
            interval=settings.upload_interval_loopback if near else settings.upload_interval,
            request_bytes=settings.max_request_bytes,
            quiet_after=settings.quiet_after,
            poll=settings.poll_interval,
            write_marker=settings.write_synced_marker and not connection.server.is_runferry,
            samples=engine.host_metrics,
            on_stop=engine._asked_to_stop,
            tell=lambda text: engine._notice(connection.server.url, text),
            code=engine.code_state.files,
            is_local=near and connection.server.is_runferry,
            on_lost=engine._wake_at,
        )
