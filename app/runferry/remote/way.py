"""The way to one server: whom we trust on it, and through which proxy it leads."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from runferry.errors import AppError, NeedsUser
from runferry.remote import chain, tunnel
from runferry.remote.chain import Presented
from runferry.remote.proxies import Proxies, ProxyChoice
from runferry.remote.trust import NOTHING_SET, Trust, make_context
from runferry.remote.tunnel import Proxy, TunnelRefused

_LOOK_TIMEOUT = 10.0


class Way:
    """Trust and proxy for one server. `is_new`: nothing has answered on it yet."""

    def __init__(
        self, environ: Mapping[str, str], trust: Trust = NOTHING_SET, choice: ProxyChoice | None = None
    ) -> None:
        self.environ, self.trust = dict(environ), trust
        self.proxies = Proxies(choice or ProxyChoice(), environ)
        self.is_new = True
        self._unusable: NeedsUser | None = None  # why nothing is reached over TLS on this way

    def context(self) -> ssl.SSLContext:
        """A context for all connections on this way. Raises NeedsUser for certificates that cannot be used."""
        return make_context(self.environ, self.trust)

    def context_for(self, server: str) -> ssl.SSLContext:
        """The same, for the connections of one server's session.

        Certificates that cannot be used are no reason not to talk to a server without TLS; what is nevertheless asked
        for over TLS (files that lie elsewhere) then gets the error. Raises NeedsUser for a server with TLS.
        """
        try:
            made, self._unusable = self.context(), None
        except NeedsUser as error:
            if not server.startswith("http://"):
                raise
            made, self._unusable = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), error  # which trusts nobody
        return made

    def check(self, url: str) -> None:
        """Raise NeedsUser where an address is reached over TLS, and nobody can be trusted."""
        if self._unusable is not None and url.startswith("https://"):
            raise self._unusable

    def proxy_for(self, url: str) -> Proxy | None:
        """The proxy, or None for the direct way; also None where that cannot be found out."""
        try:
            return self.proxies.find(url)
        except AppError:
            return None

    def look(self, url: str, timeout: float = _LOOK_TIMEOUT) -> Presented | None:
        """The chain that is presented there, or None where it cannot be seen."""
        try:
            return chain.look(url, self.proxy_for(url), timeout, self.environ, self.trust)
        except (OSError, ValueError, AppError):
            return None

    def ask_proxy(self, url: str) -> tuple[str, ...]:
        """The logins that the proxy says it takes."""
        parts = urlsplit(url)
        proxy = self.proxy_for(url)
        if proxy is None or proxy.is_socks:
            return ()
        try:
            made = tunnel.connect(parts.hostname or "", parts.port or 443, proxy, _LOOK_TIMEOUT)
        except TunnelRefused as refused:
            return refused.schemes
        except OSError:
            return ()
        tunnel.close(made)
        return ()

    def is_public(self, host: str) -> bool:
        """Whether a name leads to the open internet, where public CAs are usual."""
        with contextlib.suppress(OSError, ValueError):
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            return any(ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_global for one in found)
        return False
