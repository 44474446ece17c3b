"""Who may come in: checked before anything else looks at a request.

- `Host` must name this server: a page that points its own name at 127.0.0.1 (DNS rebinding) is refused.
- A request that a browser makes on behalf of another site is refused, whatever it carries.
- Everything else needs the key, but: the addresses that carry a signature, the line that says which store this is,
  telemetry (ignored), the addresses at which browsers are let in (`access`); and for reading, pages that this account
  asks for over a connection that the system proves to be its own, or a browser with the cookie that `access` set.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from runferry.server.access.handlers import ONCE, SIGN_IN, own_path, sign_in_page
from runferry.server.access.sessions import Sessions
from runferry.server.html_page import SAFE_HEADERS
from runferry.server.key_check import carries_key
from runferry.server.neighbours import UNTOLD, is_this_account, owner_of

_OPEN = ("/storage/", "/sdk/otel/")
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
_FORWARDED = ("forwarded", "via", "x-real-ip", "x-forwarded-", "x-proxy")  # how headers of proxies begin


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def host_name(header: str) -> str:
    """The name in a `Host` header, lower case, without port and brackets; empty where it is malformed."""
    try:
        parts = urlsplit(f"//{header}")
        return "" if parts.username or parts.path else (parts.hostname or "")
    except ValueError:
        return ""


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, key: str, host: str, sessions: Sessions) -> None:
        self._app = app
        self._key = key.encode()
        self._host = host.lower().strip("[]")
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with ``scope["state"]``: `has_key`, and `owner` where `access` needs it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refuse_origin(scope, headers) or await self._refuse_stranger(scope, headers)
        await (refusal or self._app)(scope, receive, send)

    def _refuse_origin(self, scope: Scope, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_mine(host_name(hosts[0])):
            return _refusal(403, "this server is not reached under that name")
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        is_own = origin is not None and origin.lower() == f"{scope.get('scheme', 'http')}://{hosts[0].lower()}"
        if (origin is not None and not is_own) or site not in ("none", "same-origin"):
            return _refusal(403, "requests from other sites are not answered")
        if (scope["method"], scope["path"]) == ("POST", SIGN_IN) and not is_own and site != "same-origin":
            return _refusal(403, "the key is only taken from this server's own page")
        return None

    def _is_mine(self, name: str) -> bool:
        if not name:
            return False
        if _is_loopback(name) or name == self._host:
            return True
        # Open to the network on purpose: an address cannot be rebound, a name must be this machine's.
        return self._host in _WILDCARDS and (_is_address(name) or name == socket.gethostname().lower())

    async def _refuse_stranger(self, scope: Scope, headers: Headers) -> Response | None:
        state, path = scope.setdefault("state", {}), scope["path"]
        state["has_key"] = carries_key(headers.get("authorization", ""), self._key)
        if path in (SIGN_IN, ONCE):
            state["owner"] = await _owner(scope)
        is_reading = scope["method"] in ("GET", "HEAD")
        if state["has_key"] or path.startswith(_OPEN) or path == SIGN_IN:
            return None
        if is_reading and (path in ("/runferry", ONCE) or await self._may_read(scope, headers)):
            return None
        if is_reading and is_page(path) and "text/html" in headers.get("accept", ""):
            query = scope.get("query_string", b"").decode("ascii", "replace")
            return sign_in_page(own_path(quote(path) + (f"?{query}" if query else "")))
        refusal = _refusal(401, "the API key is missing or not this server's")
        refusal.headers["WWW-Authenticate"] = 'Basic realm="runferry: user api, password = the key"'
        return refusal

    async def _may_read(self, scope: Scope, headers: Headers) -> bool:
        """Without the key: a browser that was let in, or a connection that is certainly this account's own."""
        cookies = headers.getlist("cookie")
        has_cookie = any(self._sessions.cookie in one for one in cookies)
        if not has_cookie and not is_page(scope["path"]):
            return False
        owner = await _owner(scope)
        if has_cookie and self._sessions.is_open(cookies, owner):
            return True
        is_forwarded = any(name.startswith(_FORWARDED) for name in headers)  # a proxy's connection proves nothing
        return is_page(scope["path"]) and not is_forwarded and is_this_account(owner)


def is_page(path: str) -> bool:
    """Whether a path is a page for people."""
    parts = path.split("/")[1:]
    return path == "/" or len(parts) == 2 or (len(parts) == 4 and parts[2] == "runs")


async def _owner(scope: Scope) -> str:
    client, server = scope.get("client"), scope.get("server")
    if not client or not server or server[1] is None:
        return UNTOLD
    return await run_in_threadpool(owner_of, (client[0], client[1]), (server[0], server[1]))


def _refusal(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status, headers=SAFE_HEADERS)
