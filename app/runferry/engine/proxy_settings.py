"""The proxy that a person sets, with its password in the keyring, and the one that is used for a server."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from runferry.credentials import proxy_password
from runferry.engine.ways import way_to
from runferry.errors import UsageError
from runferry.logs import secrets
from runferry.servers import normalise_url
from runferry.settings import Settings

_SCHEMES = ("http", "https", "socks5", "socks5h", "socks4", "socks4a")
_MODES = ("system", "environment", "none")


def use(
    settings: Settings, way: str, pac: str = "", user: str = "", password: str = "", exceptions: str = ""
) -> Settings:
    """Set and save. way: ``system``, ``environment``, ``none``, or a proxy's address; pac: a PAC file instead.

    Raises AppError: an address that is none, a keyring that fails.
    """
    if pac:
        changed = settings.changed(proxy="pac", proxy_pac=pac, proxy_user=user)
    elif way in _MODES:
        changed = settings.changed(proxy=way, proxy_user=user)
    else:
        address = way if "://" in way else f"http://{way}"
        _check(address)
        changed = settings.changed(proxy="manual", proxy_url=address, proxy_user=user, proxy_exceptions=exceptions)
    if user and password:
        proxy_password.store(user, changed.proxy_url, password)
    return changed.save()


def leads_to(settings: Settings, server: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The proxy on the way to a server and who says so; empty texts for the direct way. Raises AppError."""
    url = normalise_url(server)
    found = way_to(url, settings, environ).proxies.find(url)
    return (found.shown, found.source) if found else ("", "")


def check_address(address: str) -> None:
    """Raises UsageError for what is no proxy's address, or carries a password."""
    _check(address if "://" in address else f"http://{address}")


def keep_password(settings: Settings, password: str) -> None:
    """Keep the password of the proxy that is set, in the keyring. Raises AppError where that fails."""
    secrets.learn(password)
    proxy_password.store(settings.proxy_user, settings.proxy_url, password)


def _check(address: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("bad-proxy", "This is not a proxy's address", "It has no usable host or port.", _LIKE)
    if parts.username or parts.password:
        todo = "Give the name with --user; the password is asked for and kept in the keyring."
        raise UsageError("proxy-with-password", "No passwords in settings", "The address has a name or password.", todo)


_LIKE = "Write it like http://proxy.example:3128 or socks5h://proxy.example:1080."
