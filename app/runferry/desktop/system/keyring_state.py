"""Which keyring this desktop has, in words for the settings page, and where else a key may be kept.

Never shows or reads a key. Asking may take seconds, as a keyring may hang: off the window's thread only.
"""

from __future__ import annotations

from dataclasses import dataclass

from runferry.credentials import Keychain, KeyPlace
from runferry.desktop.text import tr
from runferry.errors import AppError

LIMIT = 5.0
"""Seconds until a keyring counts as one that does not answer."""

_NAMES = {
    "keyring.backends.SecretService.": "Secret Service (GNOME Keyring, KeePassXC …)",
    "keyring.backends.libsecret.": "Secret Service (GNOME Keyring, KeePassXC …)",
    "keyring.backends.kwallet.": "KWallet",
    "keyring.backends.macOS.": "macOS Keychain",
    "keyring.backends.Windows.": "Windows Credential Manager",
}


@dataclass(frozen=True)
class KeyringState:
    """`name`: what keeps secrets here; empty where nothing does, and `note` says why and `todo` what helps.

    places: where a key can be kept on this computer, the best first; a variable can only be set by hand.
    """

    name: str
    note: str
    todo: str
    places: tuple[KeyPlace, ...]


def keyring_state(keychain: Keychain | None = None) -> KeyringState:
    """What there is now. Never raises, and takes a few seconds at most."""
    elsewhere = (KeyPlace.ENVIRONMENT, KeyPlace.FILE, KeyPlace.SESSION)
    try:
        backend, is_good = (keychain or Keychain(timeout=LIMIT)).described()
    except AppError as error:
        return KeyringState("", error.message, error.todo, elsewhere)
    if not is_good:
        note = tr("This computer has no keyring that keeps secrets.")
        todo = tr("Start a Secret Service, or choose another place.")
        return KeyringState("", note, todo, elsewhere)
    return KeyringState(_name(backend), "", "", (KeyPlace.KEYRING, *elsewhere))


def place_name(place: KeyPlace, state: KeyringState) -> str:
    """A place as the settings page offers it."""
    names = {
        KeyPlace.KEYRING: state.name or tr("Keyring"),
        KeyPlace.ENVIRONMENT: tr("The variable WANDB_API_KEY"),
        KeyPlace.FILE: tr("A file that only you can read, in clear text"),
        KeyPlace.SESSION: tr("In memory, until Runferry ends"),
    }
    return names[place]


def _name(backend: str) -> str:
    return next((name for prefix, name in _NAMES.items() if backend.startswith(prefix)), backend)
