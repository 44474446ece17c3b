"""Whether a connection from this machine was opened by the person who runs the server.

Loopback is shared by everybody who is logged in, so on a login node the address alone says little. Linux tells the
owner of each socket in ``/proc/net/tcp``; elsewhere (where such machines are one person's) the address has to do.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _UID = 1, 2, 7  # columns


def is_own_connection(client: tuple[str, int], port: int, tables: tuple[Path, ...] = TABLES) -> bool:
    """True when the socket `client`, connected to our `port`, belongs to our user or to root; unknown counts as no."""
    if not tables[0].exists():
        return True
    for table in tables:
        for line in _lines(table):
            columns = line.split()
            if len(columns) > _UID and _is_socket(columns, client, port):
                return columns[_UID] in (str(os.getuid()), "0")
    return False


def _is_socket(columns: list[str], client: tuple[str, int], port: int) -> bool:
    address, _, number = columns[_LOCAL].partition(":")
    if int(number, 16) != client[1] or int(columns[_REMOTE].rpartition(":")[2], 16) != port:
        return False
    return _address(address) == _plain(ipaddress.ip_address(client[0]))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address of the table: 32-bit words in the machine's byte order, which is little on all that we run on."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    return _plain(ipaddress.ip_address(b"".join(words)))


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _lines(table: Path) -> list[str]:
    try:
        return table.read_text().splitlines()[1:]
    except OSError:
        return []
