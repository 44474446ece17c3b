"""Which proxy leads to a server, and who says so: variables, the system's settings, a PAC file, or a person.

Loopback never goes through one. Nothing is remembered here but a PAC file, for a while.
"""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from runferry.remote.pac import Pac
from runferry.remote.tunnel import Proxy

SYSTEM, ENVIRONMENT, NONE, MANUAL, PAC = "system", "environment", "none", "manual", "pac"
MODES = (SYSTEM, ENVIRONMENT, NONE, MANUAL, PAC)
_SYSTEM_FRESH = 30.0  # seconds for which the system's settings are believed


@dataclass(frozen=True)
class ProxyChoice:
    """What a person has set. `password` comes from the keyring. exceptions: hosts and domains reached directly."""

    mode: str = SYSTEM
    url: str = ""
    user: str = ""
    password: str = ""
    pac: str = ""
    exceptions: str = ""

    def __repr__(self) -> str:
        return f"ProxyChoice({self.mode})"


class Proxies:
    """Finds the proxy for an address. Thread-safe."""

    def __init__(self, choice: ProxyChoice, environ: Mapping[str, str]) -> None:
        self._choice, self._environ = choice, dict(environ)
        self._lock = threading.Lock()
        self._pacs: dict[str, Pac] = {}
        self._system: tuple[float, _System] | None = None

    def find(self, url: str) -> Proxy | None:
        """The proxy for this address, or None for the direct way. Raises AppError where a PAC file cannot be had."""
        if is_loopback_host(urlsplit(url).hostname or "") or self._choice.mode == NONE:
            return None
        if self._choice.mode == MANUAL:
            return self._manual(url)
        if self._choice.mode == PAC:
            return self._by_pac(self._choice.pac, url, "the setting `proxy_pac`")
        found = self.by_environment(url)
        if found is not None or self._choice.mode == ENVIRONMENT or has_variables(self._environ):
            return found
        return self._by_system(url)

    def by_environment(self, url: str) -> Proxy | None:
        """What the variables say."""
        named = proxies_for(url, self._environ)
        for variable in (f"{urlsplit(url).scheme}_proxy", "all_proxy"):
            for name in self._environ:
                if named and name.lower() == variable and self._environ[name] in named.values():
                    return Proxy(_with_scheme(self._environ[name]), f"the variable {name}")
        return None

    def _manual(self, url: str) -> Proxy | None:
        choice = self._choice
        if not choice.url or bypasses(url, choice.exceptions):
            return None
        return Proxy(_with_login(choice.url, choice.user, choice.password), "the settings")

    def _by_pac(self, place: str, url: str, source: str) -> Proxy | None:
        with self._lock:
            pac = self._pacs.setdefault(place, Pac(place))
        found = pac.proxy_for(url)
        return (
            Proxy(_with_login(found, self._choice.user, self._choice.password), f"{source} ({place})")
            if found
            else None
        )

    def _by_system(self, url: str) -> Proxy | None:
        with self._lock:
            if self._system is None or time.monotonic() - self._system[0] > _SYSTEM_FRESH:
                self._system = (time.monotonic(), _read_system())
            said = self._system[1]
        if said.pac:
            return self._by_pac(said.pac, url, "the system's PAC file")
        named = said.proxies.get(urlsplit(url).scheme) or said.proxies.get("all")
        if not named or said.bypasses(url):
            return None
        return Proxy(
            _with_login(_with_scheme(named), self._choice.user, self._choice.password), "the system's settings"
        )


def has_variables(environ: Mapping[str, str]) -> bool:
    """Whether the environment says anything about proxies: then it has the last word, as in other tools."""
    return any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") and environ[name] for name in environ)


def proxies_for(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies that the environment names for this address, as requests takes them."""
    if is_loopback_host(urlsplit(url).hostname or ""):
        return {}
    lowered = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    if bypasses(url, lowered.get("no_proxy", "")):
        return {}
    scheme = urlsplit(url).scheme
    named = lowered.get(f"{scheme}_proxy") or lowered.get("all_proxy")
    return {scheme: named} if named else {}


def bypasses(url: str, exceptions: str) -> bool:
    """Whether a host is on a list like NO_PROXY's: names with all that lies below them, addresses, networks, ``*``."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    for one in exceptions.replace(";", ",").replace(" ", ",").lower().split(","):
        name = one.strip().removeprefix("*.").removeprefix(".")
        if not name:
            continue
        if name == "*" or host == name or host.endswith("." + name) or f"{host}:{parts.port}" == name:
            return True
        if _is_in(host, name):
            return True
    return False


def _is_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """Whether a name can only be this machine."""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


@dataclass(frozen=True)
class _System:
    """What the desktop's settings say. `excepted`: GNOME's list; macOS and Windows are asked themselves."""

    proxies: Mapping[str, str]
    pac: str = ""
    excepted: tuple[str, ...] = ()

    def bypasses(self, url: str) -> bool:
        host = urlsplit(url).hostname or ""
        if self.excepted:
            return bypasses(url, ",".join(self.excepted))
        return bool(urllib.request.proxy_bypass(host)) if sys.platform in ("darwin", "win32") else False


def _read_system() -> _System:
    if sys.platform == "win32":
        from pypac.os_settings import autoconfig_url_from_registry

        return _System(urllib.request.getproxies_registry(), str(autoconfig_url_from_registry() or ""))
    if sys.platform == "darwin":
        from pypac.os_settings import autoconfig_url_from_preferences

        return _System(urllib.request.getproxies_macosx_sysconf(), str(autoconfig_url_from_preferences() or ""))
    return _gnome()


def _gnome() -> _System:
    """GNOME's settings, which other desktops of Linux share; nothing where there is none."""
    tool = shutil.which("gsettings")
    if not tool:
        return _System({})
    mode = _gsetting(tool, "org.gnome.system.proxy", "mode")
    if mode == "auto":
        return _System({}, str(_gsetting(tool, "org.gnome.system.proxy", "autoconfig-url") or ""))
    if mode != "manual":
        return _System({})
    found: dict[str, str] = {}
    for scheme, prefix in (("http", "http"), ("https", "http"), ("socks", "socks5h")):
        host = _gsetting(tool, f"org.gnome.system.proxy.{scheme}", "host")
        port = _gsetting(tool, f"org.gnome.system.proxy.{scheme}", "port")
        if host and port:
            found["all" if scheme == "socks" else scheme] = f"{prefix}://{host}:{port}"
    excepted = _gsetting(tool, "org.gnome.system.proxy", "ignore-hosts")
    return _System(found, "", tuple(str(one).removeprefix("*") for one in excepted or ()))


def _gsetting(tool: str, schema: str, key: str) -> Any:
    import ast

    try:
        done = subprocess.run([tool, "get", schema, key], capture_output=True, text=True, timeout=3, check=True)  # noqa: S603
        return ast.literal_eval(done.stdout.strip().removeprefix("@as "))
    except (OSError, subprocess.SubprocessError, ValueError, SyntaxError):
        return None


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _with_login(url: str, user: str, password: str) -> str:
    """The address with name and password, unless it has a name of its own."""
    parts = urlsplit(_with_scheme(url))
    if not user or parts.username:
        return urlunsplit(parts)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
