"""One connection per server, made when it is first needed: address, key, trust, identity."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from runferry.clock import Clock
from runferry.credentials import VARIABLE, Key, find_key
from runferry.engine.choice import Choice
from runferry.engine.local_server import LocalServer, Running
from runferry.engine.ways import open_session, way_to
from runferry.errors import AppError
from runferry.logs import secrets
from runferry.remote.bandwidth import Bandwidth
from runferry.remote.failures import ServerRefused
from runferry.remote.probe import store_at
from runferry.servers import LOCAL, app_url, is_loopback, normalise_url
from runferry.settings import Settings
from runferry.sync.connection import Connection
from runferry.sync.destination import Server

log = logging.getLogger(__name__)

PROOF = 10.0  # seconds that a busy local server has to show that it is itself
PAUSE = 10.0  # seconds between two attempts to start a local server that does not come up


class Connections:
    """All connections of one engine."""

    def __init__(
        self,
        settings: Settings,
        local: LocalServer,
        clock: Clock,
        notice: Callable[[str, str], None],
        on_made: Callable[[Connection], None] = lambda made: None,
    ) -> None:
        self._settings = settings
        self._local = local
        self._clock = clock
        self._notice = notice
        self._on_made = on_made
        self._bandwidth = Bandwidth(settings.upload_limit)
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str], Connection] = {}
        self._origin: dict[int, tuple[Choice, Mapping[str, str]]] = {}  # by connection: who asked for it
        self._not_before = 0.0  # monotonic: when to start the local server again
        self._asked: dict[tuple[Choice, str | None], Connection] = {}

    def get(self, choice: Choice, environ: Mapping[str, str]) -> Connection:
        """The connection to a server, with the key that this caller may use. Raises AppError when there is no key."""
        question = (choice, environ.get(VARIABLE))
        with self._lock:
            if question in self._asked:
                return self._asked[question]
        connection = self._find(choice, environ)
        with self._lock:
            return self._asked.setdefault(question, connection)

    def _find(self, choice: Choice, environ: Mapping[str, str]) -> Connection:
        server = self._local_server() if choice.is_local else self._server(choice, environ)
        with self._lock:
            known = self._made.get((server.identity, server.key))
            if known is not None:
                return known
            is_it = _is_store(server) if choice.is_local else lambda url: True
            session = open_session(server.url, server.key, self._settings, environ, self._bandwidth, is_it)
            made = Connection(
                server,
                session,
                self._clock,
                is_loopback(server.url),
                lambda text: self._notice(made.server.url, text),
                revive=self._local_server if choice.is_local else None,
            )
            self._made[server.identity, server.key] = made
            self._origin[id(made)] = (choice, dict(environ))
        self._on_made(made)
        return made

    def name_of(self, connection: Connection) -> str:
        """``local`` for the local server, wherever it answers; else the address."""
        return LOCAL if self._origin[id(connection)][0].is_local else connection.server.url

    def choice_of(self, connection: Connection) -> Choice:
        """Why there is this connection: as what its server was chosen."""
        return self._origin[id(connection)][0]

    def is_ours(self, url: str) -> bool:
        """Whether the local server answers at this address: a run's page shows it, and a person asks for that run."""
        return any(one.server.url == url and self.name_of(one) == LOCAL for one in self.all())

    def local(self) -> Running:
        """The local server, started where it does not run. May take seconds. Raises NeedsUser."""
        return self._local.ensure()

    def named(self, server: str) -> list[Connection]:
        """The connections to a server (``local``, or an address), with whichever key; all where none is named."""
        urls = {one.server.url for one in self.all() if server in ("", self.name_of(one), one.server.url)}
        return [one for one in self.all() if one.server.url in urls]

    def use(self, settings: Settings) -> None:
        """Other settings: trust and proxy of each server are made anew. Raises AppError for bad certificates."""
        self._settings = settings
        self._bandwidth.rate = settings.upload_limit
        for one in self.all():
            one.session.renew(way_to(one.server.url, settings, self._origin[id(one)][1]))

    def refresh(self, connection: Connection) -> None:
        """Look for the server's key again: somebody may have logged in.

        Where the key in use was refused, it (a variable as it was long ago) does not hide one that comes later.
        """
        choice, environ = self._origin[id(connection)]
        if choice.is_local:
            return
        refused = connection.server.key
        key = self._key(connection.server.url, choice, environ)
        was_refused = connection.cause is not None and connection.cause.slug == "key-refused"
        if was_refused and (key is None or key.value == refused):
            key = self._key(connection.server.url, choice, {**environ, VARIABLE: ""})
        if key is None or key.value == refused:
            return
        secrets.learn(key.value)
        with self._lock:
            connection.use_key(key.value)
            identity = connection.server.identity
            if (identity, key.value) not in self._made:
                place = next(place for place, one in self._made.items() if one is connection)
                self._made[identity, key.value] = self._made.pop(place)

    def _key(self, url: str, choice: Choice, environ: Mapping[str, str]) -> Key | None:
        settings = self._settings
        return find_key(url, environ, named=choice.named, cloud_url=settings.cloud_url, key_file=settings.key_file)

    def look_after_local(self) -> None:
        """Start the local server again if it died while nobody was using it. May take seconds; never raises."""
        if not self._local.is_down() or self._clock.monotonic() < self._not_before:
            return
        log.warning("the local server is gone: it is started again")
        try:
            self._local.ensure()
        except AppError as error:
            log.warning("%s", error)
            self._not_before = self._clock.monotonic() + PAUSE

    def all(self) -> list[Connection]:
        """Every connection made so far."""
        with self._lock:
            return list(self._made.values())

    def cut_off(self) -> None:
        """Requests that wait for an answer fail at once."""
        for one in self.all():
            one.session.cut_off()

    def close(self) -> None:
        """Close all sessions."""
        self._bandwidth.close()
        for one in self.all():
            one.session.close()

    def _local_server(self) -> Server:
        running = self._local.ensure()
        secrets.learn(running.key)
        return Server(running.url, f"runferry:{running.store}", running.url, running.key)

    def _server(self, choice: Choice, environ: Mapping[str, str]) -> Server:
        url = normalise_url(choice.server)
        key = self._key(url, choice, environ)
        if key is None and self.is_ours(url):
            return self._local_server()
        if key is None:
            raise ServerRefused(
                "no-key",
                "No key for this server",
                f"Neither WANDB_API_KEY, nor the keyring, nor netrc has one for {url}.",
                f"Run `runferry login --server {url}`, or set WANDB_API_KEY.",
            )
        secrets.learn(key.value)
        store = store_at(url) if is_loopback(url) else None
        return Server(
            url, f"runferry:{store}" if store else url, app_url(url, environ.get("WANDB_APP_URL", "")), key.value
        )


def _is_store(server: Server) -> Callable[[str], bool]:
    """Whether this store's server answers at an address: when it dies, any account may take its port."""
    return lambda url: f"runferry:{store_at(url, server.key, PROOF)}" == server.identity
