"""The traps of real keyrings, each as a backend that behaves like it."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Iterator

import pytest
from keyring.errors import KeyringLocked, NoKeyringError

from runferry.credentials import Keychain
from runferry.errors import NeedsUser

URL = "https://wandb.example.com"


class Raising:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error

    def delete_password(self, service: str, username: str) -> None:
        raise self.error


class DBusErrorResponse(Exception):
    """What jeepney raises: not a KeyringError; here it quotes the secret."""


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (NoKeyringError("none"), "no-keyring"),
        (KeyringLocked("Failed to unlock the collection!"), "keyring-locked"),
        (DBusErrorResponse("SECRET"), "keyring-failed"),
        (RuntimeError("SECRET"), "keyring-failed"),
    ],
)
def test_errors_say_what_to_do_and_no_secret(error: Exception, slug: str) -> None:
    keychain = Keychain(Raising(error), timeout=10)
    for call in (lambda: keychain.get(URL), lambda: keychain.set(URL, "SECRET"), lambda: keychain.delete(URL)):
        with pytest.raises(NeedsUser) as caught:
            call()
        assert caught.value.slug == slug
        assert caught.value.todo
        assert "SECRET" not in str(caught.value.as_dict())


class Hanging:
    """A Secret Service that does not come up."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.calls = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.calls += 1
        self.released.wait(60)
        return "late"

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self.get_password(service, username)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    backend = Hanging()
    yield backend
    backend.released.set()


def test_a_keyring_that_hangs_is_left_alone_until_it_answers(hanging: Hanging) -> None:
    keychain = Keychain(hanging, timeout=0.05)
    for _ in range(3):
        with pytest.raises(NeedsUser) as caught:
            keychain.get(URL)
        assert caught.value.slug == "keyring-silent"
    assert hanging.calls == 1, "no second thread hangs beside the first"
    threads = [one for one in threading.enumerate() if one.name == "keyring"]
    assert [one.daemon for one in threads] == [True]
    hanging.released.set()
    threads[0].join(10)
    deadline = time.monotonic() + 10
    while True:
        try:
            assert keychain.get(URL) == "late"
            break
        except NeedsUser:
            assert time.monotonic() < deadline


class _Plain:
    """Shaped like keyrings.alt.file.PlaintextKeyring."""

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError("a clear-text file was read")

    set_password = delete_password = get_password  # type: ignore[assignment]


@pytest.fixture
def plain() -> _Plain:
    module = types.ModuleType("keyrings.alt.file")
    kind = type("PlaintextKeyring", (_Plain,), {"__module__": module.__name__})
    return kind()  # type: ignore[no-any-return]


class Good:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        assert service == "runferry"
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[username]


def test_clear_text_is_refused(plain: _Plain) -> None:
    keychain = Keychain(plain, timeout=10)
    for call in (lambda: keychain.get(URL), lambda: keychain.set(URL, "k")):
        with pytest.raises(NeedsUser) as caught:
            call()
        assert caught.value.slug == "no-keyring"
        assert "PlaintextKeyring" in caught.value.message


def test_in_a_chain_the_good_one_is_taken(plain: _Plain) -> None:
    good = Good()
    chain = types.SimpleNamespace(backends=[plain, good])
    keychain = Keychain(chain, timeout=10)  # type: ignore[arg-type]
    keychain.set(URL + "/", "k")
    assert good.kept == {URL: "k"}
    assert keychain.get("https://WANDB.example.com:443") == "k"
    assert keychain.delete(URL)
    assert not keychain.delete(URL)


def test_the_null_backend_is_no_place_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import null

    with pytest.raises(NeedsUser) as caught:
        Keychain(null.Keyring(), timeout=10).set(URL, "k")
    assert caught.value.slug == "no-keyring"


def test_importing_credentials_does_not_import_keyring() -> None:
    import subprocess

    code = "import sys, runferry.credentials; sys.exit('keyring' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
