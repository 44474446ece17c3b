"""Keys as a page about servers needs them: where one comes from, whose it is, and where it is kept.

A key's text never comes out of here. Every call may take seconds (keyring, network): not on a window's thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runferry.credentials import VARIABLE, Keychain, check_key, find_key, forget_key
from runferry.credentials.place import KeyPlace, keep_key
from runferry.engine.access import whose_key
from runferry.errors import AppError
from runferry.logs import secrets
from runferry.servers import normalise_url
from runferry.settings import Settings
from runferry.status import Word

_KEYRINGS = {
    "SecretService": "Secret Service",
    "libsecret": "Secret Service",
    "kwallet": "KWallet",
    "macOS": "Keychain",
}
_WINDOWS = "Windows"


class Keeping(Word):
    """Where a key goes that a person enters, if there is no keyring."""

    FILE = "file"  # private: mode 0600
    SESSION = "session"  # nowhere: until the app ends


@dataclass(frozen=True)
class KeyState:
    """`source`: where the key of a server comes from, for people; empty where there is none."""

    source: str = ""
    problem: AppError | None = None

    @property
    def is_fixed(self) -> bool:
        """A variable's key comes before any that is entered."""
        return self.source == VARIABLE


@dataclass(frozen=True)
class Owner:
    """Whose key it is."""

    name: str
    team: str


@dataclass(frozen=True)
class KeyringState:
    """`name` as the system calls it. is_good: it keeps secrets."""

    name: str
    is_good: bool


def key_state(url: str, settings: Settings, environ: Mapping[str, str]) -> KeyState:
    """Where the key of a server comes from. Never raises."""
    try:
        found = find_key(url, environ, cloud_url=settings.cloud_url, key_file=settings.key_file)
    except AppError as error:
        return KeyState(problem=error)
    return KeyState(found.source if found else "")


def test(url: str, key: str, settings: Settings, environ: Mapping[str, str]) -> Owner:
    """Ask a server whose key it is; key: empty for the one that is known. Raises AppError."""
    value = check_key(key) if key.strip() else _known(url, settings, environ)
    secrets.learn(value)
    account = whose_key(normalise_url(url), value, settings, environ)
    return Owner(account.username, account.entity)


def keep(url: str, key: str, keeping: Keeping | None, settings: Settings) -> str:
    """Keep a key in the keyring; says where it is. Raises AppError.

    keeping: where the person agreed to keep it if the keyring fails; None: nowhere.
    """
    value = check_key(key)
    secrets.learn(value)
    try:
        return keep_key(normalise_url(url), value, KeyPlace.KEYRING, key_file=settings.key_file)
    except AppError:
        if keeping is None:
            raise
    place = KeyPlace.FILE if keeping is Keeping.FILE else KeyPlace.SESSION
    return keep_key(normalise_url(url), value, place, key_file=settings.key_file)


def forget(url: str, settings: Settings) -> tuple[str, ...]:
    """Forget a server's key; where there was one. A variable's and netrc's stay. Raises AppError."""
    return forget_key(normalise_url(url), key_file=settings.key_file)


def keyring_state() -> KeyringState:
    """Which keyring there is; it is not asked for anything."""
    backend, is_good = Keychain().described()
    parts = backend.split(".")
    name = next((_KEYRINGS[part] for part in parts if part in _KEYRINGS), parts[-2] if len(parts) > 1 else backend)
    return KeyringState("Credential Manager" if _WINDOWS in parts else name, is_good)


def _known(url: str, settings: Settings, environ: Mapping[str, str]) -> str:
    found = find_key(url, environ, cloud_url=settings.cloud_url, key_file=settings.key_file)
    if found is None:
        return check_key("")
    return found.value
