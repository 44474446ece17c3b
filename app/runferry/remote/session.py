"""HTTP to one server: one pool of connections, the key on this server's requests and on no other's.

Requests' own habits are turned off: it would read netrc, and choose a CA bundle by itself. Bodies are given as
streams, because the connect timeout also limits the sending of a body that is given as bytes.
"""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import requests.adapters
import requests.utils
import urllib3

from runferry.errors import AppError, TemporaryError
from runferry.remote import failures
from runferry.version import __version__

USER_AGENT = f"runferry/{__version__}"


class _Open:
    """The sockets that are open now, so that a hanging request can be cut off."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()

    def cut_off(self) -> None:
        """Whoever waits on one of them gets an error at once."""
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def pool_class(self, base: Any) -> Any:
        """A connection pool class whose connections are known here."""
        opened = self

        class Connection(base.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                with opened._lock:
                    opened._sockets.add(self.sock)

        return type(base.__name__, (base,), {"ConnectionCls": Connection})


class _Adapter(requests.adapters.HTTPAdapter):
    """Uses our TLS context for direct connections and through proxies."""

    def __init__(self, context: ssl.SSLContext, opened: _Open) -> None:
        self._context = context
        self._opened = opened
        super().__init__(pool_connections=4, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, blocksize=65536, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._classes()

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = self._classes()
        return manager

    def _classes(self) -> dict[str, Any]:
        bases = {"http": urllib3.HTTPConnectionPool, "https": urllib3.HTTPSConnectionPool}
        return {scheme: self._opened.pool_class(base) for scheme, base in bases.items()}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context decides; requests would add a bundle of its own."""
        conn.cert_reqs = "CERT_REQUIRED"


class Session:
    """Requests to one server. Thread-safe; close it when done."""

    def __init__(
        self,
        url: str,
        key: str,
        context: ssl.SSLContext,
        environ: Mapping[str, str],
        connect_timeout: float = 10,
        request_timeout: float = 60,
    ) -> None:
        self.url = url.rstrip("/")
        self._timeout = (connect_timeout, request_timeout)
        self._opened = _Open()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.mount("https://", _Adapter(context, self._opened))
        self._session.mount("http://", _Adapter(context, self._opened))
        self._authorization = _basic(key)
        self._proxies = proxies_for(self.url, environ)
        self._environ = environ
        self.on_answer: Callable[[], None] = lambda: None  # called whenever the server gave a real answer

    def move_to(self, url: str, key: str) -> None:
        """The same server answers at another address from now on."""
        self.url, self._authorization = url.rstrip("/"), _basic(key)
        self._proxies = proxies_for(self.url, self._environ)

    def cut_off(self) -> None:
        """Requests that wait for an answer fail at once, as when the connection breaks off."""
        self._opened.cut_off()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def post_json(self, path: str, payload: Any, what: str) -> Any:
        """POST to this server, with the key; gives the decoded JSON reply. Raises AppError."""
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        headers = {"Content-Type": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        response = self._send("POST", self.url + path, io.BytesIO(body), headers, what, self._proxies)
        self._check(response, what)
        try:
            reply = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            raise failures.not_json(response, what) from None
        self.on_answer()
        return reply

    def get_public(self, path: str, what: str) -> Any:
        """GET from this server without the key; decoded JSON, or None when there is none."""
        response = self._send("GET", self.url + path, None, {}, what, self._proxies)
        if response.status_code != 200:
            return None
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return None

    def put(self, url: str, headers: Mapping[str, str], body: Any, what: str) -> None:
        """PUT to an upload URL, which may lie on another host: the key never goes there. Raises AppError.

        What such a host answers says nothing about this server: it concerns the one upload.
        """
        is_here = _same_host(url, self.url)
        proxies = self._proxies if is_here else proxies_for(url, self._environ)
        try:
            failures.check(self._send("PUT", url, body, dict(headers), what, proxies), what)
        except (failures.ServerTrouble, failures.ServerRefused) as error:
            if is_here and error.slug not in ("server-fault", "slow-down", "key-refused"):
                raise
            after = getattr(error, "retry_after", None)
            raise TemporaryError(error.slug, error.title, error.message, error.todo, error.cause, after) from error

    def _check(self, response: requests.Response, what: str) -> None:
        """A refusal of one run (403, 404, 409 …) is an answer too: the server is there."""
        try:
            failures.check(response, what)
        except (failures.ServerTrouble, failures.ServerRefused):
            raise
        except AppError:
            self.on_answer()
            raise

    def _send(
        self, method: str, url: str, body: Any, headers: dict[str, str], what: str, proxies: dict[str, str]
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=self._timeout,
                proxies=proxies,
                allow_redirects=False,
            )
        except (requests.exceptions.RequestException, OSError) as error:
            raise failures.from_exception(error, url) from error


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode() if key else ""


def proxies_for(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies that the environment names for this address; loopback never goes through one."""
    host = urlsplit(url).hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        return {}
    lowered = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    if requests.utils.should_bypass_proxies(url, no_proxy=lowered.get("no_proxy")):
        return {}
    scheme = urlsplit(url).scheme
    named = lowered.get(f"{scheme}_proxy") or lowered.get("all_proxy")
    return {scheme: named} if named else {}


def _same_host(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc
