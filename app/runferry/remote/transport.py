"""Connections of one session: with our TLS context, directly or through a proxy, known so that they can be cut off,
and read to an end (`timed`). Those to addresses that a server named are looked at before anything is sent over them.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import weakref
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import requests.adapters
import urllib3

from runferry.remote import destinations
from runferry.remote.timed import TimedResponse
from runferry.version import __version__

USER_AGENT = f"runferry/{__version__}"


class Stranger(OSError):
    """Somebody else answers at the server's address."""


class Opened:
    """The sockets that are open now, so that a hanging request can be cut off.

    nearness: of the server, by the address that it was last reached at directly; see `destinations.nearness`.
    is_it: whether the server itself answers at its address; asked for each connection, before anything is sent over it.
    """

    def __init__(self, server: str, is_it: Callable[[], bool] = lambda: True) -> None:
        self._is_it = is_it
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self.nearness = destinations.nearness_by_name(server)

    def cut_off(self) -> None:
        """Whoever waits on one of them gets an error at once."""
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def made(self, connection: Any, is_elsewhere: bool) -> None:
        """A connection was made. Raises TooNear where a server named what it must not; Stranger."""
        sock = connection.sock
        is_direct = not getattr(connection, "proxy", None) and sock.family in (socket.AF_INET, socket.AF_INET6)
        if is_direct and is_elsewhere:
            is_proved = getattr(connection, "is_verified", False)  # by a certificate for its name
            destinations.check_peer(sock, self.nearness, is_proved)
        elif not self._is_it():
            sock.close()
            raise Stranger
        elif is_direct:
            with contextlib.suppress(OSError):  # it hung up again
                self.nearness = destinations.nearness(str(sock.getpeername()[0]))
        with self._lock:
            self._sockets.add(sock)

    def pool_class(self, base: Any, is_elsewhere: bool) -> Any:
        """A connection pool class whose connections are known here."""
        opened = self

        class Connection(base.ConnectionCls):  # type: ignore[misc]
            response_class = TimedResponse

            def connect(self) -> None:
                super().connect()
                opened.made(self, is_elsewhere)

        return type(base.__name__, (base,), {"ConnectionCls": Connection})


class _Adapter(requests.adapters.HTTPAdapter):
    """Uses our TLS context for direct connections and through proxies."""

    def __init__(self, context: ssl.SSLContext, opened: Opened, is_elsewhere: bool) -> None:
        self._context, self._opened, self._is_elsewhere = context, opened, is_elsewhere
        super().__init__(pool_connections=4, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, blocksize=65536, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._classes()

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy.lower().startswith("https://"):
            kwargs["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        if not proxy.lower().startswith("socks"):  # those have connections of their own
            manager.pool_classes_by_scheme = self._classes()
        return manager

    def _classes(self) -> dict[str, Any]:
        bases = {"http": urllib3.HTTPConnectionPool, "https": urllib3.HTTPSConnectionPool}
        return {scheme: self._opened.pool_class(base, self._is_elsewhere) for scheme, base in bases.items()}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context decides; requests would add a bundle of its own."""
        conn.cert_reqs = "CERT_REQUIRED"


class Transport:
    """Two pools of connections: to the server itself, and to addresses that it names."""

    def __init__(self, context: ssl.SSLContext, opened: Opened) -> None:
        self.server, self.elsewhere = _session(context, opened, False), _session(context, opened, True)

    def close(self) -> None:
        """Close all connections."""
        self.server.close()
        self.elsewhere.close()


class _Requests(requests.Session):
    """Follows nothing, and keeps nothing that a server would like to be told again."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = USER_AGENT
        self.headers["Accept-Encoding"] = "gzip, deflate"  # what `answers` can hold to a size while it unpacks

    def get_redirect_target(self, resp: Any) -> None:
        """None: it would be taken apart even though nobody goes there."""


def _session(context: ssl.SSLContext, opened: Opened, is_elsewhere: bool) -> requests.Session:
    session = _Requests()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(context, opened, is_elsewhere))
    return session
