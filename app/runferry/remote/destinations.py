"""Where a server may send us: addresses of uploads and downloads that it names, and the headers that it wants there.

A server names any address and any header, so it could use this computer to reach what it cannot reach itself: other
services of this computer, the metadata service of a cloud, devices of the network here. So: only http and https, never
in the clear where the server itself is reached over TLS, no login in the address, no port of another kind of service;
nothing that lies nearer than the server does, by the address that was really connected to (a name may lead elsewhere
a moment later); and only headers that say something about the content, or that a store of files wants.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit, urlunsplit

from runferry.errors import PermanentError
from runferry.inert import inert
from runferry.servers import is_loopback

_SHOWN = 200
_MOST_HEADERS = 64
_LONGEST_HEADER = 8192
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]*")
# Of the content, of the stores (S3, Google, Azure, Ceph), and W&B's own. None that a proxy, a firewall or a service
# without a login could take for a permission (Authorization, Cookie, Host, Origin, X-Forwarded-For …).
_HEADERS = re.compile(
    r"content-(?:type|md5|encoding|disposition|language)|cache-control|if-none-match|expires"
    r"|(?:x-amz|x-goog|x-ms|x-rgw|x-wandb)-[a-z0-9-]+",
    re.IGNORECASE,
)
_WEB = (80, 81, 88, 443, 444, 808, 888)  # of the ports below 1024, those where http is spoken
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv4 as networks without it see it
_METADATA = ("100.100.100.200", "fd00:ec2::254")  # of clouds that do not use a link's own addresses


class Refused(PermanentError):
    """An address that nothing is sent to."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            "upload-address-refused",
            "The server names an address that nothing is sent to",
            f"{inert(_without_login(address), _SHOWN)}: {why}.",
            "Tell whoever runs the server where it sends files; it may be misconfigured, or not what it seems.",
        )


class TooNear(OSError):
    """The address that was connected to lies nearer than the server that named it."""


def absolute(server: str, address: str) -> str:
    """The address of a file, as it can be asked for. Raises Refused."""
    if address.startswith("/"):
        return server + address if _is_clean(address) else _refuse(address, "it is no address")
    if not _is_clean(address):
        _refuse(address, "it is no address")
    parts, here = _split(address), urlsplit(server)
    if parts.scheme not in ("http", "https"):
        _refuse(address, "only http and https are used")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        _refuse(address, "it names no host, or a login" if parts.hostname else "it names no host")
    if here.scheme == "https" and parts.scheme == "http":
        if parts.hostname == here.hostname:  # it stands behind what speaks TLS for it, and does not know
            return urlunsplit(parts._replace(scheme="https", netloc=here.netloc))
        if not (is_loopback(server) and is_loopback(address)):
            _refuse(address, "the file would travel unprotected, while the server itself is reached over https")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port < 1024 and port not in (*_WEB, here.port):
        _refuse(address, f"port {port} belongs to another kind of service")
    return address


def usable(headers: Sequence[object]) -> dict[str, str]:
    """Of ``Name: value`` lines those that may be sent; the others are left out."""
    found = {}
    for line in headers[:_MOST_HEADERS]:
        name, _, value = str(line).partition(":") if isinstance(line, str) else ("", "", "")
        name, value = name.strip(" \t"), value.strip(" \t")
        is_sound = _TOKEN.fullmatch(name) and len(value) <= _LONGEST_HEADER and _VALUE.fullmatch(value)
        if is_sound and _HEADERS.fullmatch(name):
            found[name] = value
    return found


def left_out(headers: Sequence[object], used: dict[str, str]) -> list[str]:
    """Names of headers that the server asked for and that are not sent."""
    names = [str(line).partition(":")[0].strip() for line in headers[:_MOST_HEADERS] if isinstance(line, str)]
    return [inert(name, 60) for name in names if name not in used]


def nearness(address: str) -> int:
    """How near an address lies: 0 anywhere, 1 in a network like this one's, 2 on this link, 3 on this computer."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return 0
    found = _inner(found)
    if found.is_loopback or found.is_unspecified:
        return 3
    if (
        found.is_link_local
        or found.is_multicast
        or str(found) in _METADATA
        or (found.version == 6 and found.is_reserved)
    ):
        return 2
    is_inside = not found.is_global or found.is_reserved or getattr(found, "is_site_local", False)  # clouds use 240/4
    return 1 if is_inside else 0


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that one of IPv6 stands for; else the address itself."""
    if address.version == 4:
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def may_lead(there: int, server: int | None, is_proved: bool) -> bool:
    """Whether a server may name something as near as this. server: its own nearness, None where it is not known.

    is_proved: whoever is there shows a certificate for its name, as a store of files inside a company's network does.
    """
    if there == 0 or there == server:
        return True
    return there == 1 and (server != 0 or is_proved)


def check_peer(sock: socket.socket, server: int | None, is_proved: bool) -> None:
    """Raise TooNear where a socket leads to what the server must not name, before anything is sent over it."""
    peer = str(sock.getpeername()[0])
    if not may_lead(nearness(peer), server, is_proved):
        sock.close()
        raise TooNear(peer)


def nearness_by_name(url: str) -> int | None:
    """The nearness of an address of numbers, and of this computer by its names; None for any other name."""
    if is_loopback(url):
        return 3
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return nearness(host)


def check_literal(url: str, server: int | None) -> None:
    """Raise Refused for an address of numbers that the server must not name; a proxy would go there unseen."""
    there = nearness_by_name(url)
    if there is not None and not may_lead(there, server, url.startswith("https://")):
        raise too_near(url, urlsplit(url).hostname or "")


def too_near(url: str, peer: str) -> Refused:
    """Why nothing was sent there."""
    return Refused(url, f"it leads to {inert(peer, 60)}, which a server elsewhere has no business with")


def _is_clean(address: str) -> bool:
    return re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", address) is not None


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise Refused(address, "it is no address") from None
    return parts


def _refuse(address: str, why: str) -> str:
    raise Refused(address, why)


def _without_login(address: str) -> str:
    """What may be shown: neither a login nor the permission that such an address carries behind its host."""
    return re.sub(r"[^/\s]*@", "", re.split(r"[?#]", address, maxsplit=1)[0])
