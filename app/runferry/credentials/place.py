"""The places where a person may have a key kept, and how it gets there. Never one that nobody asked for."""

from __future__ import annotations

import logging
from enum import Enum
from pathlib import Path

from runferry.credentials import key_file as files
from runferry.credentials import session
from runferry.credentials.key import check_key
from runferry.credentials.keychain import Keychain
from runferry.errors import AppError

log = logging.getLogger(__name__)

SHORT = 3.0
"""Seconds for the keyring where another place was chosen, perhaps because it hangs."""


class KeyPlace(Enum):
    """`ENVIRONMENT` is only read: a variable is set by whoever starts the app."""

    KEYRING = "keyring"
    FILE = "file"  # mode 0600, in clear text
    SESSION = "session"  # until the app ends
    ENVIRONMENT = "environment"


def keep_key(
    url: str, key: str, place: KeyPlace, *, key_file: Path | None = None, keyring: Keychain | None = None
) -> str:
    """Keep a key, checked, in this place and in no other of ours; returns where it is now, for people.

    key_file: ours, also where it does not exist. Off the window's thread: a keyring may ask the person. AppError where
    the key was not kept, or where an older one in another place still hides it.
    """
    value = check_key(key)
    if place is KeyPlace.ENVIRONMENT or (place is KeyPlace.FILE and key_file is None):
        raise ValueError(f"{place} is no place that a key can be written to")
    if place is KeyPlace.KEYRING:
        (keyring or Keychain()).set(url, value)
    elif key_file is not None:
        files.write_key(key_file, url, value if place is KeyPlace.FILE else None)
    session.write_key(url, value if place is KeyPlace.SESSION else None)
    if place is KeyPlace.KEYRING:
        if key_file is not None:
            files.write_key(key_file, url, None)
        return "keyring"
    _forget_in(keyring or Keychain(timeout=SHORT), url)
    return str(key_file) if place is KeyPlace.FILE else "this session"


def _forget_in(keychain: Keychain, url: str) -> None:
    """An old key there is not looked for any more; where the keyring does not work, it stays."""
    try:
        keychain.delete(url)
    except AppError as error:
        log.debug("an old key may still be in the keyring: %s", error.slug)
