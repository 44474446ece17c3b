"""A proxy that a person sets: checked, saved without its password, which goes to the keyring."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.credentials import Keychain, proxy_password
from runferry.engine import proxy_settings
from runferry.errors import NeedsUser, UsageError
from runferry.settings import Settings


class Memory:
    """A keyring."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path / "settings.json", {})


def test_an_address(settings: Settings) -> None:
    changed = proxy_settings.use(settings, "proxy.example:3128", exceptions=".inside.example")
    assert (changed.proxy, changed.proxy_url) == ("manual", "http://proxy.example:3128")
    assert proxy_settings.leads_to(changed, "https://api.wandb.ai", {}) == ("http://proxy.example:3128", "the settings")
    assert proxy_settings.leads_to(changed, "https://w.inside.example", {}) == ("", "")
    assert proxy_settings.leads_to(changed, "http://127.0.0.1:8470", {}) == ("", "")


def test_none_and_the_environment(settings: Settings) -> None:
    environ = {"HTTPS_PROXY": "http://p.example:1"}
    none = proxy_settings.use(settings, "none")
    assert proxy_settings.leads_to(none, "https://api.wandb.ai", environ) == ("", "")
    environment = proxy_settings.use(none, "environment")
    assert proxy_settings.leads_to(environment, "https://api.wandb.ai", environ)[1] == "the variable HTTPS_PROXY"


@pytest.mark.parametrize("address", ["ftp://x", "http://", "http://x:99999999", "http://bob:pw@x:1"])
def test_what_is_no_address(settings: Settings, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        proxy_settings.use(settings, address)
    assert "pw" not in caught.value.for_people().replace("password", "")


def test_the_password_is_kept_by_user_and_address() -> None:
    memory = Memory()
    keychain = Keychain(memory)
    proxy_password.store("bob", "http://proxy.example:3128", "secret", keychain)
    assert proxy_password.get("bob", "proxy.example:3128", keychain) == "secret"
    assert proxy_password.get("eve", "proxy.example:3128", keychain) is None
    assert list(memory.kept) == [("runferry proxy", "bob@proxy.example:3128")]


def test_without_a_keyring_nothing_is_written(settings: Settings) -> None:
    with pytest.raises(NeedsUser):
        proxy_settings.use(settings, "proxy.example:3128", user="bob", password="secret")
    assert settings.path is not None
    assert not settings.path.exists()
