"""A PAC file: a small script by which a company says which proxy leads where.

The script is somebody else's program, and may loop or grow without end. So it runs in a process of its own
(`pac_script`), whose time and memory are bounded, and it is told hosts only, never paths. Its answers are kept for a
while, as browsers do, since a process for each request would cost more than the request.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import certifi
import requests
import urllib3

from runferry.errors import AppError
from runferry.inert import inert
from runferry.own_command import own_command
from runferry.regular_files import read_regular
from runferry.remote import answers
from runferry.remote.pac_script import FLAG
from runferry.remote.transport import Opened, Transport
from runferry.remote.troubles import ServerTrouble

FRESH = 3600.0  # seconds for which a fetched file is used
KEPT = 300.0  # seconds for which an answer is
MOST_KEPT = 1000
PATIENCE = 10.0  # seconds that a script may take, with all that it looks up
LARGEST = 1 << 20  # bytes of a script
_HOPS = 5  # redirects
_LONGEST_ANSWER = 64 << 10
_CARRIED = (
    "PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL",
    "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "VIRTUAL_ENV",
)  # fmt: skip
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
            f"{inert(place, answers.SHOWN)}: {why}.",
            "It is tried again by itself. If it stays so, name the proxy itself in the settings.",
            cause,
        )


class Pac:
    """One PAC file, by URL or path; fetched when first asked, and again after an hour. Any thread."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._script: str | None = None
        self._fetched = 0.0
        self._kept: dict[str, tuple[float, str]] = {}

    def proxy_for(self, url: str) -> str | None:
        """The first proxy that the script names, as a URL; None for the direct way. Raises PacTrouble."""
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
        with self._lock:  # who comes while the script runs gets its answer, too
            if self._script is None or time.monotonic() - self._fetched > FRESH:
                self._script, self._fetched = self._read(), time.monotonic()
                self._kept = {}
            at, answer = self._kept.get(shown, (-KEPT, ""))
            if time.monotonic() - at >= KEPT:
                answer = _evaluate(self.place, self._script, shown, parts.hostname or "")
                if len(self._kept) >= MOST_KEPT:
                    self._kept = {}
                self._kept[shown] = time.monotonic(), answer
        return first_of(answer)

    def _read(self) -> str:
        parts = urlsplit(self.place)
        try:
            if parts.scheme in ("http", "https"):
                return _fetched(self.place)
            path = unquote(parts.path) if parts.scheme == "file" else self.place
            return read_regular(Path(path).expanduser(), LARGEST).decode("utf-8", "replace")
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise PacTrouble(self.place, "it cannot be fetched", error) from error
        except AppError as error:
            raise PacTrouble(self.place, f"it cannot be fetched ({error.message.rstrip('.')})", error) from error


def _fetched(place: str) -> str:
    """Always directly: nobody knows a proxy yet."""
    transport = Transport(ssl.create_default_context(cafile=certifi.where()), Opened(place))
    try:
        for _ in range(_HOPS):
            reply = transport.server.get(place, timeout=PATIENCE, allow_redirects=False, stream=True)
            answer = answers.take(reply, LARGEST, what="a PAC file")
            if not 300 <= answer.status_code < 400:
                break
            place = urljoin(place, answer.headers.get("Location", ""))
            if urlsplit(place).scheme not in ("http", "https"):
                raise OSError("it leads to no web address")
    finally:
        transport.close()
    if answer.status_code != 200:
        raise OSError(f"it was answered {answer.status_code}")
    return answer.text


def _evaluate(place: str, script: str, url: str, host: str) -> str:
    """Ask the script, in a process that cannot do much. Raises PacTrouble."""
    question = json.dumps({"script": script, "url": url, "host": host})
    environ = {name: value for name, value in os.environ.items() if name.upper() in _CARRIED}  # no keys among them
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*own_command(), FLAG],
            input=question.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            timeout=PATIENCE,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        told = json.loads(done.stdout[:_LONGEST_ANSWER] or b"{}")
    except subprocess.TimeoutExpired as error:
        raise PacTrouble(place, f"it gives no answer for {inert(host)} within {PATIENCE:.0f} seconds", error) from error
    except (OSError, ValueError) as error:
        raise PacTrouble(place, "it cannot be run", error) from error
    if "answer" in told:
        return str(told["answer"])
    why = inert(told.get("error") or "it needs too much time or memory", answers.SHOWN)
    raise PacTrouble(place, f"it is no PAC file, or fails for {inert(host)} ({why})", why)


def first_of(answer: str) -> str | None:
    """The first way that a script's answer names (``PROXY a:1; DIRECT``), as a URL; None for the direct one."""
    for one in answer.split(";"):
        kind, _, address = one.strip().partition(" ")
        if kind.upper() == "DIRECT":
            return None
        found = f"{_SCHEMES.get(kind.upper(), '')}://{address.strip()}"
        if kind.upper() in _SCHEMES and _is_address(found):
            return found
    return None


def _is_address(url: str) -> bool:
    """Whether a host and perhaps a port stand there, and nothing else."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_plain = inert(url) == url and " " not in url and "\\" not in url
    return bool(parts.hostname) and is_plain and not (parts.path or parts.query or parts.fragment or parts.username)
