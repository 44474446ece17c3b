"""Which keyring there is, in words. A real one is in tests/desktop."""

from __future__ import annotations

import threading

import pytest

from runferry.credentials import Keychain, KeyPlace
from runferry.desktop.system.keyring_state import keyring_state, place_name


def made_like(module: str) -> Keychain:
    """A keyring whose backend comes from this module."""
    backend = type("Keyring", (), {"__module__": module})()
    return Keychain(backend)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keyring.backends.SecretService", "Secret Service"),
        ("keyring.backends.kwallet", "KWallet"),
        ("keyring.backends.macOS", "macOS Keychain"),
        ("keyring.backends.Windows", "Windows Credential Manager"),
        ("keyring_somebodys", "keyring_somebodys.Keyring"),
    ],
)
def test_a_keyring_has_a_name_and_is_the_first_choice(module: str, name: str) -> None:
    state = keyring_state(made_like(module))
    assert state.name.startswith(name)
    assert state.places[0] is KeyPlace.KEYRING
    assert place_name(KeyPlace.KEYRING, state) == state.name


@pytest.mark.parametrize("module", ["keyring.backends.fail", "keyring.backends.null", "keyrings.alt.file"])
def test_what_keeps_no_secrets_is_none(module: str) -> None:
    state = keyring_state(made_like(module))
    assert state.name == ""
    assert "no keyring" in state.note
    assert state.places == (KeyPlace.ENVIRONMENT, KeyPlace.FILE, KeyPlace.SESSION)
    assert all(place_name(place, state) for place in KeyPlace)


def test_this_systems_own_is_asked() -> None:
    # The suite's environment has keyring's own fail backend, as a server without D-Bus has.
    assert keyring_state().name == ""


def test_a_keyring_that_hangs_is_given_up() -> None:
    let_go = threading.Event()

    class Slow:
        @property
        def backends(self) -> list[object]:
            let_go.wait(20)
            return []

    try:
        state = keyring_state(Keychain(Slow(), timeout=0.05))  # type: ignore[arg-type]
        assert state.name == ""
        assert "said nothing" in state.note
    finally:
        let_go.set()
