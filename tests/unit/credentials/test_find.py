"""Which key goes to which server, and that none goes anywhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from runferry.credentials import (
    Keychain,
    KeyPlace,
    check_key,
    find_key,
    forget_key,
    has_wandb_key,
    keep_key,
    known_cloud_url,
)
from runferry.errors import AppError, NeedsUser, UsageError

A, B, C = "a" * 40, "local-" + "b" * 40, "c" * 86
COMPANY = "https://wandb.example.com"
OTHER = "https://other.example.com"
CLOUD = "https://api.wandb.ai"
FORGE = "https://api.forge.coreweave.com"


class Memory:
    """A keyring backend that keeps its secrets in memory, or raises what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.error:
            raise self.error
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def keyring() -> Keychain:
    return Keychain(Memory(), timeout=10)


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    return tmp_path / "netrc"


def test_the_variable_goes_to_the_named_server_only(keyring: Keychain, netrc: Path) -> None:
    def goes(url: str, named: str = "", **environ: str) -> bool:
        found = find_key(url, {"WANDB_API_KEY": A, **environ}, named=named, keyring=keyring, netrc_path=netrc)
        return found is not None and (found.value, found.source) == (A, "WANDB_API_KEY")

    assert goes(CLOUD)
    assert goes(FORGE)
    assert not goes(COMPANY)
    assert not goes("http://127.0.0.1:8470")
    assert goes(COMPANY, WANDB_BASE_URL="https://WANDB.example.com:443/")
    assert not goes(CLOUD, WANDB_BASE_URL=COMPANY)
    assert goes(COMPANY, named=COMPANY, WANDB_BASE_URL=OTHER)
    assert not goes(OTHER, named=COMPANY, WANDB_BASE_URL=OTHER)
    assert goes(CLOUD, named="cloud", WANDB_BASE_URL=OTHER)
    assert not goes("http://127.0.0.1:8470", named="local")
    assert not goes(CLOUD, named="local")
    assert not goes(CLOUD, WANDB_BASE_URL="not an address")
    assert goes(OTHER, RUNFERRY_SERVER=OTHER, WANDB_BASE_URL=COMPANY)


def test_a_cloud_at_another_address(keyring: Keychain, netrc: Path) -> None:
    environ = {"WANDB_API_KEY": A}
    assert find_key(OTHER, environ, cloud_url=OTHER, keyring=keyring, netrc_path=netrc) is not None
    assert find_key(COMPANY, environ, cloud_url=OTHER, keyring=keyring, netrc_path=netrc) is None


def test_naming_the_cloud_by_its_url_does_not_mean_the_setting(keyring: Keychain, netrc: Path) -> None:
    environ = {"WANDB_API_KEY": A, "WANDB_BASE_URL": CLOUD}
    assert find_key(OTHER, environ, cloud_url=OTHER, keyring=keyring, netrc_path=netrc) is None
    assert find_key(FORGE, environ, cloud_url=OTHER, keyring=keyring, netrc_path=netrc) is not None


def test_environment_then_keyring_then_netrc(keyring: Keychain, netrc: Path) -> None:
    netrc.write_text(f"machine wandb.example.com login user password {C}\n")
    assert find_key(COMPANY, {}, keyring=keyring, netrc_path=netrc).value == C  # type: ignore[union-attr]
    assert keep_key("HTTPS://wandb.example.com/", f" {B}\n", KeyPlace.KEYRING, keyring=keyring) == "keyring"
    found = find_key(COMPANY, {"WANDB_API_KEY": A}, keyring=keyring, netrc_path=netrc)
    assert found is not None
    assert (found.value, found.source) == (B, "keyring")
    environ = {"WANDB_API_KEY": A, "WANDB_BASE_URL": COMPANY}
    assert find_key(COMPANY, environ, keyring=keyring, netrc_path=netrc).value == A  # type: ignore[union-attr]
    assert find_key(OTHER, {}, keyring=keyring, netrc_path=netrc) is None


def test_forgetting(keyring: Keychain, netrc: Path) -> None:
    keep_key(COMPANY, B, KeyPlace.KEYRING, keyring=keyring)
    keep_key(OTHER, C, KeyPlace.KEYRING, keyring=keyring)
    assert forget_key(COMPANY + "/", keyring=keyring) == ("keyring",)
    assert forget_key(COMPANY, keyring=keyring) == ()
    assert find_key(COMPANY, {}, keyring=keyring, netrc_path=netrc) is None
    assert find_key(OTHER, {}, keyring=keyring, netrc_path=netrc) is not None


def test_a_key_is_never_shown(keyring: Keychain, netrc: Path) -> None:
    found = find_key(CLOUD, {"WANDB_API_KEY": A}, keyring=keyring, netrc_path=netrc)
    assert A not in repr(found)
    assert A not in f"{found}"
    assert "WANDB_API_KEY" in repr(found)


@pytest.mark.parametrize("text", ["", "  ", "short", "x" * 39, f"{A} {A}", "https://wandb.ai/authorize", "ä" * 40])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_key(text)
    assert caught.value.slug == "key-malformed"
    assert not text.strip() or text not in caught.value.message


@pytest.mark.parametrize("text", [A, B, C, f"{'h' * 20}.{'p' * 30}.{'s' * 20}", f"\t{A}\r\n"])
def test_what_is_a_key(text: str) -> None:
    assert check_key(text) == text.strip()


def test_a_variable_that_holds_no_key_is_told(keyring: Keychain, netrc: Path) -> None:
    with pytest.raises(UsageError, match="WANDB_API_KEY"):
        find_key(CLOUD, {"WANDB_API_KEY": "oops"}, keyring=keyring, netrc_path=netrc)


def test_no_keyring_is_no_problem_when_looking_and_one_when_storing(netrc: Path, tmp_path: Path) -> None:
    # The suite's environment has keyring's own fail backend, as a server without D-Bus has.
    assert find_key(COMPANY, {}, netrc_path=netrc) is None
    with pytest.raises(NeedsUser) as caught:
        keep_key(COMPANY, B, KeyPlace.KEYRING)
    assert caught.value.slug == "no-keyring"
    assert forget_key(COMPANY) == ()


def test_the_file_is_used_only_when_asked_for_and_is_private(netrc: Path, tmp_path: Path) -> None:
    file = tmp_path / "config" / "keys.json"
    with pytest.raises(NeedsUser):
        keep_key(COMPANY, B, KeyPlace.KEYRING, key_file=file)
    assert not file.exists()
    assert keep_key(COMPANY, B, KeyPlace.FILE, key_file=file) == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = find_key(COMPANY, {}, key_file=file, netrc_path=netrc)
    assert found is not None
    assert (found.value, found.source) == (B, str(file))
    file.chmod(0o640)
    with pytest.raises(NeedsUser) as caught:
        find_key(COMPANY, {}, key_file=file, netrc_path=netrc)
    assert caught.value.slug == "key-file-open"
    file.chmod(0o600)
    assert forget_key(COMPANY, key_file=file) == (str(file),)
    assert B not in file.read_text()


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_key_file_is_told_and_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(NeedsUser):
        keep_key(COMPANY, B, KeyPlace.FILE, key_file=file)
    assert file.read_text() == text


def test_a_failing_keyring_matters_only_where_no_other_place_has_the_key(netrc: Path) -> None:
    failing = Keychain(Memory(error=OSError("D-Bus is down")), timeout=10)
    with pytest.raises(AppError) as caught:
        find_key(COMPANY, {}, keyring=failing, netrc_path=netrc)
    assert caught.value.slug == "keyring-failed"
    netrc.write_text(f"machine wandb.example.com\n\tlogin user\n\tpassword {C}\n")
    assert find_key(COMPANY, {}, keyring=failing, netrc_path=netrc).value == C  # type: ignore[union-attr]


def test_who_uses_wandb(netrc: Path) -> None:
    assert not has_wandb_key({}, netrc)
    assert known_cloud_url({}, netrc) == CLOUD
    assert has_wandb_key({"WANDB_API_KEY": A}, netrc)
    netrc.write_text(f"machine api.forge.coreweave.com login user password {C}\n")
    assert has_wandb_key({}, netrc)
    assert known_cloud_url({}, netrc) == FORGE
    netrc.write_text(f"machine github.com login me password {C}\n")
    assert not has_wandb_key({}, netrc)
