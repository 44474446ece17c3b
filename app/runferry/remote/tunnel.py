"""A plain socket to a server, directly or through a proxy: to look at certificates, and at what a proxy says.

Requests keep their own connections; these here carry no key and no data.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from runferry.errors import TemporaryError

_HEAD_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Proxy:
    """One proxy. `url` may hold name and password and is never shown; `shown` is."""

    url: str
    source: str

    @property
    def shown(self) -> str:
        """The address without name and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{self.address}"

    @property
    def address(self) -> str:
        """``host:port``."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or ''}:{parts.port or self.default_port}"

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS."""
        return urlsplit(self.url).scheme.startswith("socks")

    @property
    def user(self) -> str:
        """The name it is told; empty without one."""
        return unquote(urlsplit(self.url).username or "")

    @property
    def default_port(self) -> int:
        """For a URL that names none."""
        return {"https": 443, "http": 80}.get(urlsplit(self.url).scheme, 1080)

    def __repr__(self) -> str:
        return f"Proxy({self.shown}, {self.source})"


class TunnelRefused(TemporaryError):
    """A proxy that does not let us through. `status` is HTTP's; `schemes`: the logins that it takes."""

    def __init__(self, proxy: Proxy, status: int, schemes: tuple[str, ...], line: str) -> None:
        super().__init__(
            "proxy-refused",
            "The proxy does not let this through",
            f"{proxy.address} answered: {line[:200]}",
            "Check the proxy in the settings, or ask IT to allow this server.",
            line[:200],
        )
        self.status, self.schemes = status, schemes


def connect(host: str, port: int, proxy: Proxy | None, timeout: float) -> socket.socket:
    """A connected socket. Raises OSError, or TunnelRefused by a proxy."""
    if proxy is None:
        return socket.create_connection((host, port), timeout)
    if proxy.is_socks:
        return _through_socks(host, port, proxy, timeout)
    made = socket.create_connection(_address(proxy), timeout)
    try:
        _ask(made, host, port, proxy)
    except BaseException:
        made.close()
        raise
    return made


def _address(proxy: Proxy) -> tuple[str, int]:
    parts = urlsplit(proxy.url)
    return parts.hostname or "", parts.port or proxy.default_port


def _through_socks(host: str, port: int, proxy: Proxy, timeout: float) -> socket.socket:
    import socks

    parts = urlsplit(proxy.url)
    made: socket.socket = socks.create_connection(
        (host, port),
        timeout=timeout,  # type: ignore[arg-type]  # the stubs know whole seconds only
        proxy_type=socks.SOCKS4 if parts.scheme.startswith("socks4") else socks.SOCKS5,
        proxy_addr=parts.hostname,
        proxy_port=parts.port or proxy.default_port,
        proxy_rdns=parts.scheme in ("socks5h", "socks4a"),
        proxy_username=proxy.user or None,
        proxy_password=unquote(parts.password or "") or None,
    )
    return made


def _ask(made: socket.socket, host: str, port: int, proxy: Proxy) -> None:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.user:
        password = unquote(urlsplit(proxy.url).password or "")
        lines.append("Proxy-Authorization: Basic " + base64.b64encode(f"{proxy.user}:{password}".encode()).decode())
    made.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        more = made.recv(4096)
        if not more:
            break
        head += more
    first, _, rest = head.partition(b"\r\n")
    words = first.split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    if not 200 <= status < 300:
        found = re.findall(rb"(?im)^proxy-authenticate:\s*([A-Za-z0-9_-]+)", rest)
        schemes = tuple(dict.fromkeys(one.decode("latin-1").lower() for one in found))
        raise TunnelRefused(proxy, status, schemes, first.decode("latin-1") or "it hung up")


def close(made: socket.socket) -> None:
    """Close without a word."""
    with contextlib.suppress(OSError):
        made.close()
