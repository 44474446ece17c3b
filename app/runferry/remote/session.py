"""HTTP to one server: one pool of connections, the key on this server's requests and on no other's.

Requests' own habits are turned off: it would read netrc, and choose a CA bundle by itself. Bodies are given as
streams, because the connect timeout also limits the sending of a body that is given as bytes. The key is not sent
before a harmless probe without it was answered by something that is no sign-in page; on the way to this computer's
own address nobody can stand, so there is no probe.
"""

from __future__ import annotations

import base64
import io
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from runferry.at_work import made_progress
from runferry.errors import AppError
from runferry.remote import answers, destinations, failures
from runferry.remote.answers import Answer
from runferry.remote.bandwidth import Bandwidth, Limited
from runferry.remote.meter import Meter
from runferry.remote.pace import Pace
from runferry.remote.proxies import is_loopback_host, proxies_for
from runferry.remote.transport import USER_AGENT, Opened, Transport
from runferry.remote.way import Way

PROBE = b'{"query":"query Probe { __typename }","variables":{},"operationName":"Probe"}'
_LONGEST_PAUSE = 5.0  # seconds that a request waits for its turn; longer ones go back to the retry loop
_JSON = {"Content-Type": "application/json"}


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
        is_it: Callable[[str], bool] = lambda url: True,
    ) -> None:
        """is_it: whether the server answers at an address, and not who took its port when it died."""
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
        self._opened = Opened(self.url, lambda: is_it(self.url))
        self._transport = Transport(context, self._opened)
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
        self._transport.close()

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
        before, self._transport = self._transport, Transport(self.way.context_for(self.url), self._opened)
        self._is_proved = not self._has_probe
        self.way.is_new = True
        before.close()

    def post_json(self, path: str, payload: Any, what: str, most: int = answers.SMALL) -> Any:
        """POST to this server, with the key; gives the decoded JSON reply, of any shape. Raises AppError.

        most: the largest that such a reply is, in bytes.
        """
        self._prove()
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        headers = {**_JSON, "Authorization": self._authorization} if self._authorization else _JSON
        asked = self._body(io.BytesIO(body), len(body))
        response = self._ask("POST", self.url + path, asked, headers, what, most)
        self._check(response, what)
        try:
            reply = answers.decode(response.content)
        except answers.Unreadable:
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
            return answers.decode(response.content)
        except answers.Unreadable:
            return None

    def get(self, url: str, what: str) -> bytes:
        """GET a file by its address; the key only goes to this server. Raises AppError."""
        if not _is_of(url, self.url):
            response = self._send("GET", destinations.absolute(self.url, url), None, {}, what, answers.FILE)
        else:
            self._prove()
            response = self._ask("GET", url, None, {"Authorization": self._authorization or ""}, what, answers.FILE)
        self._check(response, what)
        return response.content

    def probe(self) -> Answer:
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
        if not _is_of(url, self.url):
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

    def _check(self, response: Answer, what: str) -> None:
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

    def _ask(
        self, method: str, url: str, body: Any, headers: Mapping[str, str], what: str, most: int = answers.SMALL
    ) -> Answer:
        """A request to this server, in its turn."""
        pause = self.pace.take(_LONGEST_PAUSE)
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
            response = self._send(method, url, body, dict(headers), what, most)
        except AppError:
            self._is_proved = not self._has_probe
            raise
        self.way.is_new = False
        self.pace.note(response.status_code, response.headers)
        return response

    def _send(
        self, method: str, url: str, body: Any, headers: dict[str, str], what: str, most: int = answers.SMALL
    ) -> Answer:
        began, response = self.meter.now(), None
        made_progress()
        try:
            response = self._exchange(method, url, body, headers, most, what)
            return response
        finally:
            made_progress()
            if _is_of(url, self.url):
                self.meter.took(what, began, getattr(body, "read_at", None), response is not None)

    def _exchange(self, method: str, url: str, body: Any, headers: dict[str, str], most: int, what: str) -> Answer:
        self.way.check(url)
        proxy = self.way.proxies.find(url)
        session = self._transport.server
        if _is_of(url, self.url):
            self.proxy_shown = f"{proxy.shown}, from {proxy.source}" if proxy else ""
        else:
            session = self._transport.elsewhere
            destinations.check_literal(url, self._opened.nearness)
        try:
            response = session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=self._timeout,
                proxies={urlsplit(url).scheme: proxy.url} if proxy else {},
                allow_redirects=False,
                stream=True,
            )
            # Of an upload's answer, and of a refusal, only the beginning says anything.
            is_cut = method == "PUT" or not 200 <= response.status_code < 300
            return answers.take(response, answers.SMALL if is_cut else most, is_cut, what)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise failures.from_exception(error, url, self.way) from error


def _check_upload(response: Answer, what: str) -> None:
    """A sign-in page says 200 too, and has swallowed the file."""
    failures.check(response, what)
    if failures.has_page(response):
        raise failures.not_json(response, what)


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode() if key else ""


def _is_of(url: str, server: str) -> bool:
    """Whether an address is this server's: the same host and port, and as safe a way there."""
    return _origin(url) == _origin(server)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


__all__ = ["PROBE", "USER_AGENT", "Session", "proxies_for"]
