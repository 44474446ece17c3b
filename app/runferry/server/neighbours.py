"""Whose a connection is: the account that opened it, as far as the system proves it.

Loopback is shared by everybody who is logged in, so on a login node the address alone says nothing. Linux tells the
owner of each socket in ``/proc/net/tcp``. Only an *established* connection proves anything: once the client has closed
its end, the kernel keeps no owner and shows root.

Blocking (reads a table that may be long): call it in a worker thread.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
UNTOLD = ""  # the system does not say: it has no such table, or the client is on another computer
UNPROVEN = "?"  # a client of this computer whose connection is not (any more) established: it could be anybody's
ROOT = "0"
_LOCAL, _REMOTE, _STATE, _UID = 1, 2, 3, 7  # columns
_ESTABLISHED = "01"
_OVERFLOW = Path("/proc/sys/kernel/overflowuid")  # stands for every account that a container does not know
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
End = tuple[str, int]


def owner_of(client: End, server: End, tables: tuple[Path, ...] = TABLES) -> str:
    """The number of the account whose socket `client` is connected to our end `server`; `UNTOLD` or `UNPROVEN`.

    Both ends are given as address and port, as the accepted socket has them.
    """
    if not tables[0].exists():
        return UNTOLD
    wanted = _end(*client), _end(*server)
    for columns in _rows(tables):
        if (_parsed(columns[_LOCAL]), _parsed(columns[_REMOTE])) == wanted:
            return columns[_UID] if columns[_STATE] == _ESTABLISHED else UNPROVEN
    return UNPROVEN if wanted[0][0].is_loopback else UNTOLD


def is_this_account(owner: str) -> bool:
    """Whether an owner is proved to be the account that this process runs as."""
    if not hasattr(os, "geteuid") or owner == _overflow():
        return False
    return owner == str(os.geteuid())


def _overflow() -> str:
    with contextlib.suppress(OSError):
        return _OVERFLOW.read_text().strip()
    return "65534"


def _rows(tables: tuple[Path, ...]) -> Iterator[list[str]]:
    for table in tables:
        with contextlib.suppress(OSError), table.open() as file:
            next(file, None)
            for line in file:
                columns = line.split()
                if len(columns) > _UID:
                    yield columns


def _end(host: str, port: int) -> tuple[_Address, int]:
    return _plain(ipaddress.ip_address(host.partition("%")[0])), port


def _parsed(text: str) -> tuple[_Address, int]:
    """An end of the table: 32-bit words in the machine's byte order, which is little on all that we run on."""
    address, _, port = text.partition(":")
    words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
    return _plain(ipaddress.ip_address(b"".join(words))), int(port, 16)


def _plain(address: _Address) -> _Address:
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address
