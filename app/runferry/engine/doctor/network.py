"""The way to a server, from its name to a trusted connection. Nothing is sent on it."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from runferry.engine.doctor.step import Step, good, warning
from runferry.errors import NeedsUser
from runferry.remote import tls_failures, tunnel
from runferry.remote.chain import Presented
from runferry.remote.failures import NameUnknown, TimedOut, Unreachable
from runferry.remote.proxies import is_loopback_host
from runferry.remote.proxy_failures import ProxyTrouble, login
from runferry.remote.trust import sources, wandb_hint
from runferry.remote.tunnel import Proxy, TunnelRefused
from runferry.remote.way import Way


class Route:
    """What the steps find out for those after them."""

    def __init__(self, url: str, way: Way, timeout: float) -> None:
        parts = urlsplit(url)
        self.url, self.way, self.timeout = url, way, timeout
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.is_tls = parts.scheme == "https"
        self.proxy: Proxy | None = None

    def look(self) -> Presented | None:
        """The chain that is presented there, where it can be seen."""
        return self.way.look(self.url)

    @property
    def at(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"


def name(route: Route) -> Step:
    """Is the URL one of a server, and safe to use?"""
    if not route.is_tls and not is_loopback_host(route.host):
        return warning(
            f"{route.url} is not encrypted: everybody on the way can read your key.",
            "Use https:// if the server has it.",
            host=route.host,
            port=route.port,
        )
    return good(f"{route.host}, port {route.port}", host=route.host, port=route.port)


def proxy(route: Route) -> Step:
    """Does a proxy lead there, and who says so? Raises AppError."""
    route.proxy = route.way.proxies.find(route.url)
    if route.proxy is None:
        return good("none: directly", proxy="")
    return good(f"{route.proxy.shown}, from {route.proxy.source}", proxy=route.proxy.shown, source=route.proxy.source)


def address(route: Route) -> Step:
    """Does the name lead anywhere? Behind a proxy the proxy's name counts. Raises NameUnknown."""
    host = route.proxy.address.rpartition(":")[0] if route.proxy else route.host
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        todo = "Are you on the company network or VPN?"
        raise NameUnknown("dns", "Server name unknown", f'Cannot find "{host}" ({error}).', todo, error) from error
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    which = "the proxy's, which looks up the server's: " if route.proxy else ""
    return good(which + ", ".join(addresses), addresses=addresses)


def connection(route: Route) -> Step:
    """Does somebody answer there? Raises AppError."""
    through = route.proxy if route.proxy and (route.is_tls or route.proxy.is_socks) else None
    try:
        if route.proxy and through is None:  # plain http: the proxy itself is what we connect to
            host, _, port = route.proxy.address.rpartition(":")
            made = tunnel.connect(host, int(port), None, route.timeout)
        else:
            made = tunnel.connect(route.host, route.port, through, route.timeout)
    except TunnelRefused as error:
        if error.status == 407:
            raise login(route.proxy, error.schemes) from error
        raise
    except OSError as error:
        raise _unreachable(route, error) from error
    peer = made.getpeername()
    tunnel.close(made)
    return good(f"connected to {peer[0]}:{peer[1]}" + (", which passes it on" if through else ""))


def _unreachable(route: Route, error: OSError) -> Exception:
    at = route.proxy.address if route.proxy else route.at
    if route.proxy:
        return ProxyTrouble(
            "proxy-down", "The proxy does not answer", f"{at}: {error}.", "Check the proxy in the settings.", error
        )
    if isinstance(error, TimeoutError):
        todo = "A firewall may swallow it. Are you on the company network or VPN?"
        return TimedOut("timeout", "The server is not answering", f"{at} did not answer in time.", todo, error)
    return Unreachable("refused", "The server is not answering", f"{at}: {error}.", "Is it running?", error)


def tls(route: Route) -> Step:
    """Is its certificate trusted here? The chain is drawn. Raises AppError."""
    trust = route.way.trust
    try:
        version = _shake(route)
    except ssl.SSLCertVerificationError as error:
        is_far = route.proxy is not None or route.way.is_public(route.host)
        raise tls_failures.certificate(
            error, route.at, route.host, lambda: route.way.look(route.url), is_far
        ) from error
    except OSError as error:
        if isinstance(error, (ssl.SSLError, TimeoutError)):
            raise tls_failures.handshake(error, str(error), route.at, route.look) from error
        raise tls_failures.HandshakeBrokenOff(route.at, error) from error
    seen = route.way.look(route.url)
    note = ["rules of form are relaxed for this server; chain and name are checked"] if trust.relaxed else []
    if seen is None:
        return good(f"{version}; trusted", *note)
    if seen.wants_client_certificate and not trust.client_certificate:
        raise tls_failures.client_certificate(route.at, None, seen)
    said = f"{version}; trusted, issued by {seen.chain[0].issuer}"
    if seen.middleman or (not seen.is_public and (route.proxy is not None or route.way.is_public(route.host))):
        said += ". A proxy re-signs this connection with a CA that you trust"
    return good(said, *seen.drawn(), *note, presented=seen.as_dict())


def _shake(route: Route) -> str:
    through = route.proxy
    made = tunnel.connect(route.host, route.port, through, route.timeout)
    try:
        made.settimeout(route.timeout)
        with route.way.context().wrap_socket(made, server_hostname=route.host) as shaken:
            return shaken.version() or "TLS"
    finally:
        tunnel.close(made)


def trust(route: Route) -> Step:
    """Where trusted certificates come from, and what is ignored and why. Raises NeedsUser for a bad bundle."""
    found = sources(route.way.environ, route.way.trust)
    try:
        route.way.context()
    except NeedsUser as error:
        if route.is_tls:
            raise
        return warning(f"{error.title}, which does not matter to a server without TLS. {error.message}", error.todo)
    lines = tuple(
        f"{'✗' if one.ignored else '✓'} {one.name}{' ' + one.path if one.path else ''}"
        + (f" (ignored: {one.ignored})" if one.ignored else "")
        for one in found
    )
    used = ", ".join(one.name for one in found if not one.ignored)
    data = {"sources": [{"name": one.name, "path": one.path, "ignored": one.ignored} for one in found]}
    gone = [one for one in found if "gone" in one.ignored]
    if gone:
        raise NeedsUser("ca-gone", "A certificate is gone", f"{gone[0].path} is missing.", "Add it again.")
    hint = wandb_hint(route.way.environ)
    if hint:
        todo = f"This app uses the bundle; wandb's own uploader does not. For it: {hint}"
        return warning(used, todo, *lines, **data, wandb_environment=hint)
    return good(used, *lines, **data)
