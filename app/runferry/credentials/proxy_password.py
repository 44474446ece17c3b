"""The password of a proxy, in the keyring; by user and address, apart from the keys of servers."""

from __future__ import annotations

from urllib.parse import urlsplit

from runferry.credentials.keychain import Keychain, NoKeyring

SERVICE = "runferry proxy"


def get(user: str, proxy_url: str, keyring: Keychain | None = None) -> str | None:
    """The password, or None where there is none or no keyring. NeedsUser where the keyring fails."""
    try:
        found = (keyring or Keychain()).get_named(SERVICE, _name(user, proxy_url))
    except NoKeyring:
        return None
    return found


def store(user: str, proxy_url: str, password: str, keyring: Keychain | None = None) -> None:
    """Keep the password. NeedsUser where the keyring fails."""
    (keyring or Keychain()).set_named(SERVICE, _name(user, proxy_url), password)


def _name(user: str, proxy_url: str) -> str:
    netloc = urlsplit(proxy_url if "://" in proxy_url else f"http://{proxy_url}").netloc
    return f"{user}@{netloc.rpartition('@')[2]}"
