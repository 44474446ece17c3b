"""Who may come in: checked before anything else looks at a request.

- `Host` must name this server: a page that points its own name at 127.0.0.1 (DNS rebinding) is refused.
- A request that a browser makes on behalf of another site is refused, whatever it carries.
- Everything else needs the key, but the addresses that carry a signature, the line that says which store this is,
  telemetry (ignored), and pages for reading that the person who runs the server asks for on this machine.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from runferry.server.neighbours import is_own_connection

_OPEN = ("/storage/", "/sdk/otel/")
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


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

    def __init__(self, app: ASGIApp, key: str, host: str) -> None:
        self._app = app
        self._key = key.encode()
        self._host = host.lower().strip("[]")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with ``scope["state"]["has_key"]`` set."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refuse_origin(headers)
        if refusal is None:
            has_key = self._has_key(headers.get("authorization", ""))
            scope.setdefault("state", {})["has_key"] = has_key
            if not has_key and not self._is_open(scope, headers):
                refusal = _refusal(401, "the API key is missing or not this server's")
                refusal.headers["WWW-Authenticate"] = 'Basic realm="runferry: user api, password = the key"'
        await (refusal or self._app)(scope, receive, send)

    def _refuse_origin(self, headers: Headers) -> JSONResponse | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_mine(host_name(hosts[0])):
            return _refusal(403, "this server is not reached under that name")
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{hosts[0].lower()}":
            return _refusal(403, "requests from other sites are not answered")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _refusal(403, "requests from other sites are not answered")
        return None

    def _is_mine(self, name: str) -> bool:
        if not name:
            return False
        if _is_loopback(name) or name == self._host:
            return True
        # Open to the network on purpose: an address cannot be rebound, a name must be this machine's.
        return self._host in _WILDCARDS and (_is_address(name) or name == socket.gethostname().lower())

    def _has_key(self, header: str) -> bool:
        scheme, _, value = header.partition(" ")
        offered = value.strip().encode("utf-8", "replace")
        if scheme.lower() == "basic":
            try:
                offered = base64.b64decode(offered, validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(offered, self._key)

    def _is_open(self, scope: Scope, headers: Headers) -> bool:
        path = scope["path"]
        if path.startswith(_OPEN):
            return True
        if scope["method"] not in ("GET", "HEAD"):
            return False
        if path == "/runferry":
            return True
        parts = path.split("/")[1:]
        is_page = path == "/" or len(parts) == 2 or (len(parts) == 4 and parts[2] == "runs")
        client = scope.get("client")
        forwarded = any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
        if not is_page or not client or forwarded or not _is_loopback(client[0]):
            return False
        server = scope.get("server") or ("", 0)
        return is_own_connection((client[0], client[1]), server[1])


def _refusal(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status, headers=SAFE_HEADERS)
