"""netrc files as people, wandb and other tools leave them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runferry.credentials import find_key
from runferry.credentials.netrc_file import netrc_file, read_passwords

K = "k" * 40


@pytest.mark.parametrize(
    "text",
    [
        f"machine api.wandb.ai\n  login user\n  password {K}\n",
        f"machine api.wandb.ai login user password {K}",
        f"machine\tapi.wandb.ai\r\n\tlogin user\r\n\tpassword {K}\r\n",
        f"\ufeffmachine API.wandb.ai login user password {K} # mine\n",
        f'machine api.wandb.ai login "user name" password "{K}"\n',
        f"# password x\nmachine other login a password b\n\nmachine api.wandb.ai password {K} login user\n",
        f"machine api.wandb.ai login user account x password {K}\nmachine broken login\n",
        f"nonsense here\nmachine api.wandb.ai\nlogin\nuser\npassword\n{K}\n",
        f"macdef init\nmachine api.wandb.ai password wrong\n\nmachine api.wandb.ai login user password {K}\n",
        f"default login anonymous password guest\nmachine api.wandb.ai login user password {K}\n",
        f"machine api.wandb.ai login user password old\nmachine api.wandb.ai login user password {K}\n",
        f"machine api.wandb.ai login user password {K}\ndefault login anonymous password guest\n",
    ],
)
def test_layouts(tmp_path: Path, text: str) -> None:
    file = tmp_path / "netrc"
    file.write_bytes(text.encode())
    assert read_passwords(file)["api.wandb.ai"] == K


def test_odd_passwords(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text('machine a password #hash\nmachine b password "q\\"uote"\nmachine c password machine\n')
    assert read_passwords(file) == {"a": "#hash", "b": 'q"uote', "c": "machine"}


def test_what_cannot_be_read_holds_nothing(tmp_path: Path) -> None:
    assert read_passwords(tmp_path / "missing") == {}
    assert read_passwords(tmp_path) == {}
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 10)
    assert read_passwords(tmp_path / "binary") == {}
    (tmp_path / "cut").write_text("machine api.wandb.ai login user password")
    assert read_passwords(tmp_path / "cut") == {"api.wandb.ai": ""}


def test_default_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text(f"default login user password {K}\n")
    assert find_key("https://api.wandb.ai", {}, netrc_path=file) is None


def test_host_with_port_before_bare_host(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text(f"machine 127.0.0.1 login user password {'o' * 40}\n")
    assert find_key("http://127.0.0.1:8300", {}, netrc_path=file).value == "o" * 40  # type: ignore[union-attr]
    file.write_text(file.read_text() + f"machine 127.0.0.1:8300 login user password {K}\n")
    assert find_key("http://127.0.0.1:8300", {}, netrc_path=file).value == K  # type: ignore[union-attr]
    assert find_key("http://127.0.0.1:8301", {}, netrc_path=file).value == "o" * 40  # type: ignore[union-attr]


def test_the_cloud_under_its_other_name(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text(f"machine api.wandb.ai login user password {K}\n")
    assert find_key("https://api.forge.coreweave.com", {}, netrc_path=file).value == K  # type: ignore[union-attr]


def test_a_password_of_something_else_on_that_host_is_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine git.example.com login me password hunter2\n")
    assert find_key("https://git.example.com:8443", {}, netrc_path=file) is None


def test_which_file(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert netrc_file(environ) == tmp_path / ".netrc"
    (tmp_path / "_netrc").touch()
    assert netrc_file(environ) == tmp_path / "_netrc"
    (tmp_path / ".netrc").touch()
    assert netrc_file(environ) == tmp_path / ".netrc"
    assert netrc_file({**environ, "NETRC": os.fspath(tmp_path / "n")}) == tmp_path / "n"
