"""Where a person wants a key kept: there, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.credentials import Keychain, KeyPlace, find_key, forget_key, keep_key, session
from runferry.errors import AppError

URL = "https://wandb.example.com"
OTHER = "https://other.example.com"
KEYS = {place: letter * 40 for place, letter in zip(KeyPlace, "abcd", strict=True)}


class Memory:
    """A keyring backend."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Places:
    """All places of one person."""

    def __init__(self, folder: Path) -> None:
        self.backend = Memory()
        self.keyring = Keychain(self.backend)
        self.file = folder / "keys.json"
        self.netrc = folder / "netrc"

    def keep(self, place: KeyPlace, url: str = URL) -> str:
        return keep_key(url, KEYS[place], place, key_file=self.file, keyring=self.keyring)

    def find(self, url: str = URL) -> tuple[str, str] | None:
        found = find_key(url, {}, keyring=self.keyring, key_file=self.file, netrc_path=self.netrc)
        return (found.value, found.source) if found else None

    def holding(self) -> list[KeyPlace]:
        """The places that have a key of the server."""
        held = [KeyPlace.KEYRING] if self.backend.kept else []
        held += [KeyPlace.FILE] if self.file.exists() and URL in self.file.read_text() else []
        return held + ([KeyPlace.SESSION] if session.read_key(URL) else [])


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    yield Places(tmp_path)
    session.write_key(URL, None)
    session.write_key(OTHER, None)


WRITTEN = (KeyPlace.KEYRING, KeyPlace.FILE, KeyPlace.SESSION)


@pytest.mark.parametrize("before", WRITTEN)
@pytest.mark.parametrize("place", WRITTEN)
def test_a_key_moves_to_the_place_that_was_chosen(places: Places, before: KeyPlace, place: KeyPlace) -> None:
    places.keep(before)
    where = places.keep(place)
    assert places.holding() == [place]
    assert places.find() == (KEYS[place], where)


def test_this_sessions_keys_are_each_servers_own(places: Places) -> None:
    places.keep(KeyPlace.SESSION)
    assert places.find(OTHER) is None
    assert places.find("HTTPS://wandb.example.com/") == (KEYS[KeyPlace.SESSION], "this session")
    assert forget_key(URL, keyring=places.keyring, key_file=places.file) == ("this session",)
    assert places.find() is None


def test_a_variable_is_not_ours_to_set(places: Places) -> None:
    with pytest.raises(ValueError, match="ENVIRONMENT"):
        places.keep(KeyPlace.ENVIRONMENT)
    with pytest.raises(ValueError, match="FILE"):
        keep_key(URL, KEYS[KeyPlace.FILE], KeyPlace.FILE)


@pytest.mark.parametrize("place", [KeyPlace.FILE, KeyPlace.SESSION])
def test_a_keyring_that_hangs_does_not_keep_from_other_places(places: Places, place: KeyPlace) -> None:
    let_go = threading.Event()

    class Hanging(Memory):
        def get_password(self, service: str, username: str) -> str | None:
            let_go.wait(20)
            return None

    places.keyring = Keychain(Hanging(), timeout=0.05)
    try:
        places.keep(place)
        assert places.find() is not None  # found without asking the keyring, which would hang
    finally:
        let_go.set()


def test_a_key_that_is_none_is_kept_nowhere(places: Places) -> None:
    for place in WRITTEN:
        with pytest.raises(AppError):
            keep_key(URL, "short", place, key_file=places.file, keyring=places.keyring)
    assert places.holding() == []


def test_asking_which_keyring_there_is_has_a_limit() -> None:
    let_go = threading.Event()

    class Slow:
        @property
        def backends(self) -> list[object]:
            let_go.wait(20)
            return []

    chain = Keychain(Slow(), timeout=0.05)  # type: ignore[arg-type]
    try:
        with pytest.raises(AppError) as raised:
            chain.described()
        assert raised.value.slug == "keyring-silent"
    finally:
        let_go.set()
