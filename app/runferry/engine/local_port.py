"""The port of a store's server: kept with the store, so that links, bookmarks and clients of before still lead there.

The setting says which port is wanted. Where another program has it, the server takes any that is free, and keeps that
one: it stays the store's port, until the setting says another one. Where the store's port is taken one day, the server
answers elsewhere for that time only, and says who holds it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from pathlib import Path

import psutil

from runferry.inert import inert
from runferry.regular_files import read_regular
from runferry.settings.file import replace_private

log = logging.getLogger(__name__)

FILE = "port.json"
_LARGEST = 4096
_SHOWN = 80


def kept_port(store: Path, wanted: int) -> int:
    """The port of this store's server: the kept one, or the wanted one where none is kept for that wish."""
    return _kept(store, wanted) or wanted


def is_kept(store: Path, wanted: int) -> bool:
    """Whether the server of this store answered somewhere before, so that links lead there."""
    return _kept(store, wanted) is not None


def keep_port(store: Path, wanted: int, port: int) -> None:
    """Remember it. That it cannot be written is no reason not to serve."""
    if _kept(store, wanted) == port:
        return
    try:
        replace_private(store / FILE, json.dumps({"wanted": wanted, "port": port}))
    except OSError as error:
        log.warning("the port of the local server cannot be kept: %s", error)


def is_free(port: int) -> bool:
    """Whether a server can listen there."""
    with socket.socket() as trial:
        if os.name == "posix":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """Who listens on a port, in words: ``python (process 123)``."""
    try:
        found = [
            one.pid
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
        ]
        if not found:
            return "another program"
        if found[0] is None:
            return "a program of another account"
        process = psutil.Process(found[0])
        words = process.cmdline()
        is_ours = "serve" in words and any("runferry" in one for one in words)
        name = "another Runferry server" if is_ours else inert(process.name(), _SHOWN)
        return f"{name} (process {process.pid})"
    except (psutil.Error, OSError):
        return "another program"


def _kept(store: Path, wanted: int) -> int | None:
    try:
        told = json.loads(read_regular(store / FILE, _LARGEST))
        port = told["port"] if told["wanted"] == wanted else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return port if isinstance(port, int) and 0 < port < 65536 else None
