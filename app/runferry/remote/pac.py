"""A PAC file: a small script by which a company says which proxy leads where.

The script runs in an interpreter of its own (pypac's), with no way to files or the network but looking names up.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from runferry.regular_files import read_regular
from runferry.remote.troubles import ServerTrouble

FRESH = 3600.0  # seconds for which a fetched file is used
_LARGEST = 1 << 20
_SCHEMES = {
    "PROXY": "http",
    "HTTP": "http",
    "HTTPS": "https",
    "SOCKS": "socks5h",
    "SOCKS4": "socks4a",
    "SOCKS5": "socks5h",
}


class PacTrouble(ServerTrouble):
    """The PAC file cannot be had, or makes no sense: nobody can know which proxy to use."""

    def __init__(self, place: str, why: str, cause: object) -> None:
        super().__init__(
            "proxy-pac",
            "The proxy's PAC file cannot be used",
            f"{place}: {why}.",
            "It is tried again by itself. If it stays so, name the proxy itself in the settings.",
            cause,
        )


class Pac:
    """One PAC file, by URL or path; fetched when first asked, and again after an hour."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._parsed: Any = None
        self._fetched = 0.0

    def proxy_for(self, url: str) -> str | None:
        """The first proxy that the script names, as a URL; None for the direct way. Raises PacTrouble."""
        with self._lock:  # the interpreter is not made for several threads
            if self._parsed is None or time.monotonic() - self._fetched > FRESH:
                self._parsed, self._fetched = self._load(), time.monotonic()
            parts = urlsplit(url)
            # As browsers do: of an https address the script sees the host only.
            shown = f"{parts.scheme}://{parts.netloc}/" if parts.scheme == "https" else url
            try:
                answer = str(self._parsed.find_proxy_for_url(shown, parts.hostname or ""))
            except Exception as error:  # whatever the script's author did
                raise PacTrouble(self.place, f"it fails for {parts.hostname} ({error})", error) from error
        return first_of(answer)

    def _load(self) -> Any:
        from pypac.parser import PACFile

        text = self._read()
        try:
            return PACFile(text)
        except Exception as error:  # the interpreter's own exceptions
            raise PacTrouble(self.place, "it is no PAC file", error) from error

    def _read(self) -> str:
        parts = urlsplit(self.place)
        try:
            if parts.scheme not in ("http", "https"):
                path = unquote(parts.path) if parts.scheme == "file" else self.place
                return read_regular(Path(path).expanduser(), _LARGEST).decode(errors="replace")
            with requests.Session() as session:
                session.trust_env = False  # a PAC file is always fetched directly
                reply = session.get(self.place, timeout=10)
                reply.raise_for_status()
                return reply.text[:_LARGEST]
        except (requests.exceptions.RequestException, OSError) as error:
            raise PacTrouble(self.place, "it cannot be fetched", error) from error


def first_of(answer: str) -> str | None:
    """The first way that a script's answer names (``PROXY a:1; DIRECT``), as a URL; None for the direct one."""
    for one in answer.split(";"):
        kind, _, address = one.strip().partition(" ")
        if kind.upper() == "DIRECT":
            return None
        if kind.upper() in _SCHEMES and address.strip():
            return f"{_SCHEMES[kind.upper()]}://{address.strip()}"
    return None
