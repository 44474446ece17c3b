"""HTTP to one server: one pool of connections, the key on this server's requests and on no other's.

Requests' own habits are turned off: it would read netrc, and choose a CA bundle by itself. Bodies are given as
streams, because the connect timeout also limits the sending of a body that is given as bytes. The key is not sent
before a harmless probe without it was answered by something that is no sign-in page; on the way to this computer's
own address nobody can stand, so there is no probe.
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
import urllib3

from runferry.errors import AppError
from runferry.remote import failures
from runferry.remote.bandwidth import Bandwidth, Limited
from runferry.remote.meter import Meter
from runferry.remote.pace import Pace
from runferry.remote.proxies import is_loopback_host, proxies_for
from runferry.remote.way import Way
from runferry.version import __version__

USER_AGENT = f"runferry/{__version__}"
PROBE = b'{"query":"query Probe { __typename }","variables":{},"operationName":"Probe"}'
_LONGEST_PAUSE = 5.0  # seconds that a request waits for its turn; longer ones go back to the retry loop
_JSON = {"Content-Type": "application/json"}


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

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy.lower().startswith("https://"):
            kwargs["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        if not proxy.lower().startswith("socks"):  # those have connections of their own
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
        way: Way | None = None,
        bandwidth: Bandwidth | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.way = way or Way(environ)
        self.pace = Pace()
        self.meter = Meter()
        self._timeout = (connect_timeout, request_timeout)
        self._bandwidth = bandwidth or Bandwidth()
        self._closing = threading.Event()
        self._proving = threading.Lock()
        self._has_probe = not is_loopback_host(urlsplit(self.url).hostname or "")
        self._is_proved = not self._has_probe
        self._opened = _Open()
        self._session = _requests_session(context, self._opened)
        self._authorization = _basic(key)
        self.proxy_shown = ""  # the proxy of the last request and who says so; empty: the direct way
        self.on_answer: Callable[[], None] = lambda: None  # called whenever the server gave a real answer

    def move_to(self, url: str, key: str) -> None:
        """The same server answers at another address from now on."""
        self.url, self._authorization = url.rstrip("/"), _basic(key)

    def cut_off(self) -> None:
        """Requests that wait for an answer fail at once, as when the connection breaks off."""
        self._opened.cut_off()

    def close(self) -> None:
        """Close all connections; a request that waits for its turn gives up."""
        self._closing.set()
        self._session.close()

    def use_key(self, key: str) -> None:
        """Another key from now on."""
        self._authorization = _basic(key)

    def use_timeouts(self, connect: float, request: float) -> None:
        """Seconds; from the next request on."""
        self._timeout = (connect, request)

    def renew(self, way: Way | None = None) -> None:
        """Settings or certificates may have changed: trust is built anew, and so are all connections.

        Raises NeedsUser for certificates that cannot be used; nothing changes then.
        """
        self.way = way or self.way
        before, self._session = self._session, _requests_session(self.way.context(), self._opened)
        self._is_proved = not self._has_probe
        self.way.is_new = True
        before.close()

    def post_json(self, path: str, payload: Any, what: str) -> Any:
        """POST to this server, with the key; gives the decoded JSON reply. Raises AppError."""
        self._prove()
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        headers = {**_JSON, "Authorization": self._authorization} if self._authorization else _JSON
        response = self._ask("POST", self.url + path, self._body(io.BytesIO(body), len(body)), headers, what)
        self._check(response, what)
        try:
            reply = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            self._is_proved = not self._has_probe
            raise failures.not_json(response, what) from None
        self.on_answer()
        return reply

    def get_public(self, path: str, what: str) -> Any:
        """GET from this server without the key; decoded JSON, or None when there is none."""
        response = self._ask("GET", self.url + path, None, {}, what)
        if response.status_code != 200:
            return None
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError:
            return None

    def get(self, url: str, what: str) -> bytes:
        """GET a file by its address; the key only goes to this server. Raises AppError."""
        if not _same_host(url, self.url):
            response = self._send("GET", url, None, {}, what)
        else:
            self._prove()
            response = self._ask("GET", url, None, {"Authorization": self._authorization or ""}, what)
        self._check(response, what)
        return bytes(response.content)

    def probe(self) -> requests.Response:
        """Ask something harmless without the key; raises AppError where no server answers, but a portal or nobody."""
        response = self._ask("POST", self.url + "/graphql", self._body(io.BytesIO(PROBE), len(PROBE)), _JSON, "probe")
        failures.check_probe(response)
        return response

    def put(self, url: str, headers: Mapping[str, str], body: Any, what: str) -> None:
        """PUT to an upload URL, which may lie on another host: the key never goes there. Raises AppError.

        What is answered to an upload says nothing about the server: it concerns the one upload.
        """
        size = int(headers.get("Content-Length", 0))
        limited = self._body(body, size) if size else body
        if not _same_host(url, self.url):
            try:
                _check_upload(self._send("PUT", url, limited, dict(headers), what), what)
            except AppError as error:
                raise failures.at_upload_host(error, url) from error
            return
        response = self._ask("PUT", url, limited, dict(headers), what)
        try:
            _check_upload(response, what)
        except failures.Portal:
            self._is_proved = not self._has_probe
            raise
        except (failures.ServerFault, failures.SlowDown, failures.KeyRefused) as error:
            after = getattr(error, "retry_after", None)
            raise failures.RunFault(error.slug, error.title, error.message, error.todo, error.cause, after) from error

    def _prove(self) -> None:
        """The first request after a start or an outage is one that may fall into wrong hands."""
        if self._is_proved:
            return
        with self._proving:
            if not self._is_proved:
                self.probe()
                self._is_proved = True

    def _check(self, response: requests.Response, what: str) -> None:
        """A refusal of one run (403, 404, 409 …) is an answer too: the server is there."""
        try:
            failures.check(response, what)
        except failures.ServerFault as error:
            if self._answers_others():
                self.on_answer()
                raise failures.only_this_run(error) from error
            raise
        except (failures.ServerTrouble, failures.ServerRefused):
            raise
        except AppError:
            self.on_answer()
            raise

    def _answers_others(self) -> bool:
        """Whether a server that has a fault for one request answers another one."""
        try:
            return self.probe().status_code < 500
        except AppError:
            return False

    def _body(self, source: Any, size: int) -> Any:
        return Limited(source, size, self._bandwidth, self.meter)

    def _ask(self, method: str, url: str, body: Any, headers: Mapping[str, str], what: str) -> requests.Response:
        """A request to this server, in its turn."""
        pause = self.pace.take()
        if pause > _LONGEST_PAUSE:
            raise failures.SlowDown(
                "slow-down",
                "The server asked us to slow down",
                f"{urlsplit(self.url).netloc} takes no more requests for {pause:.0f} seconds ({what}).",
                "It goes on by itself.",
                "RateLimit-Remaining",
                pause,
            )
        if pause > 0:
            self._closing.wait(pause)
        try:
            response = self._send(method, url, body, dict(headers), what)
        except AppError:
            self._is_proved = not self._has_probe
            raise
        self.way.is_new = False
        self.pace.note(response.status_code, response.headers)
        return response

    def _send(self, method: str, url: str, body: Any, headers: dict[str, str], what: str) -> requests.Response:
        began, response = self.meter.now(), None
        try:
            response = self._exchange(method, url, body, headers)
            return response
        finally:
            if _same_host(url, self.url):
                self.meter.took(what, began, getattr(body, "read_at", None), response is not None)

    def _exchange(self, method: str, url: str, body: Any, headers: dict[str, str]) -> requests.Response:
        proxy = self.way.proxies.find(url)
        if _same_host(url, self.url):
            self.proxy_shown = f"{proxy.shown}, from {proxy.source}" if proxy else ""
        try:
            return self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=self._timeout,
                proxies={urlsplit(url).scheme: proxy.url} if proxy else {},
                allow_redirects=False,
            )
        except (requests.exceptions.RequestException, OSError) as error:
            raise failures.from_exception(error, url, self.way) from error


def _check_upload(response: requests.Response, what: str) -> None:
    """A sign-in page says 200 too, and has swallowed the file."""
    failures.check(response, what)
    if failures.has_page(response):
        raise failures.not_json(response, what)


def _requests_session(context: ssl.SSLContext, opened: _Open) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = USER_AGENT
    session.mount("https://", _Adapter(context, opened))
    session.mount("http://", _Adapter(context, opened))
    return session


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode() if key else ""


def _same_host(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc


__all__ = ["PROBE", "USER_AGENT", "Session", "proxies_for"]
