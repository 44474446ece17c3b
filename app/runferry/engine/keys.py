"""Keys as a page about servers needs them: where one comes from, whose it is, and where it is kept.

A key's text never comes out of here. Every call may take seconds (keyring, network): not on a window's thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runferry.credentials import VARIABLE, KeyPlace, check_key, find_key, forget_key, keep_key
from runferry.engine.access import whose_key
from runferry.errors import AppError
from runferry.logs import secrets
from runferry.servers import normalise_url
from runferry.settings import Settings


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


def key_state(url: str, settings: Settings, environ: Mapping[str, str]) -> KeyState:
    """Where the key of a server comes from. Never raises."""
    try:
        found = find_key(url, environ, cloud_url=settings.cloud_url, key_file=settings.key_file)
    except AppError as error:
        return KeyState(problem=error)
    return KeyState(found.source if found else "")


def owner_of(url: str, key: str, settings: Settings, environ: Mapping[str, str]) -> Owner:
    """Ask a server whose key it is; key: empty for the one that is known. Raises AppError."""
    found = None if key.strip() else find_key(url, environ, cloud_url=settings.cloud_url, key_file=settings.key_file)
    value = found.value if found else check_key(key)
    secrets.learn(value)
    account = whose_key(normalise_url(url), value, settings, environ)
    return Owner(account.username, account.entity)


def keep(url: str, key: str, place: KeyPlace, settings: Settings) -> str:
    """Keep a key in the place that a person chose; says where it is. Raises AppError."""
    value = check_key(key)
    secrets.learn(value)
    return keep_key(normalise_url(url), value, place, key_file=settings.key_file)


def forget(url: str, settings: Settings) -> tuple[str, ...]:
    """Forget a server's key; where there was one. A variable's and netrc's stay. Raises AppError."""
    return forget_key(normalise_url(url), key_file=settings.key_file)
