"""What the login shell knows and the app does not: found on request, with a time limit, and taken over."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.engine.shell_environment import ShellVariable, look, take_over
from runferry.errors import AppError, TemporaryError
from runferry.settings import Settings

BASH = "/bin/bash"


def shell(home: Path, profile: str, **more: str) -> dict[str, str]:
    (home / ".bash_profile").write_text(profile)
    return {"HOME": str(home), "SHELL": BASH, **more}


def test_what_the_shell_has_and_the_app_lacks(tmp_path: Path) -> None:
    profile = """
echo Welcome; echo more >&2
export HTTPS_PROXY=http://proxy.example:3128 no_proxy=localhost,.example SECRET=x
export SSL_CERT_FILE=/same REQUESTS_CA_BUNDLE="/a b/$'\\n'c.pem"
sleep 1000 &
"""
    found = look(shell(tmp_path, profile, SSL_CERT_FILE="/same", HTTP_PROXY="http://only-here"))
    assert {one.name: one.value for one in found} == {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "NO_PROXY": "localhost,.example",
        "REQUESTS_CA_BUNDLE": "/a b/$'\\n'c.pem",
    }


def test_what_differs_is_told_with_both(tmp_path: Path) -> None:
    environ = shell(tmp_path, "export https_proxy=http://new:1", HTTPS_PROXY="http://old:1")
    assert look(environ) == (ShellVariable("HTTPS_PROXY", "http://new:1", "http://old:1"),)


def test_nothing_there(tmp_path: Path) -> None:
    assert look(shell(tmp_path, "")) == ()


def test_a_shell_that_hangs_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(TemporaryError) as caught:
        look(shell(tmp_path, f"echo $$ > {pid}; sleep 1000"), timeout=1.5)
    assert caught.value.slug == "shell-silent"
    assert not pid.exists() or not Path(f"/proc/{pid.read_text().strip()}").exists()


def test_no_shell(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        look({"HOME": str(tmp_path), "SHELL": "/no/such/shell"})
    assert caught.value.slug == "no-shell"


def test_a_password_is_not_shown() -> None:
    one = ShellVariable("HTTPS_PROXY", "http://me:secret@proxy.example:3128", "")
    assert one.shown == "http://…@proxy.example:3128"
    assert "secret" not in repr(one)


def test_a_proxy_is_taken_over(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path / "settings.json", {})
    found = [ShellVariable("HTTPS_PROXY", "proxy.example:3128", ""), ShellVariable("NO_PROXY", "localhost", "")]
    take_over(settings, found)
    saved = Settings.load(tmp_path / "settings.json", {})
    assert (saved.proxy, saved.proxy_url, saved.proxy_exceptions) == (
        "manual",
        "http://proxy.example:3128",
        "localhost",
    )


def test_a_file_that_holds_no_authority_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    settings = Settings.load(tmp_path / "settings.json", {})
    for value, slug in ((str(tmp_path / "ca.pem"), "certificate"), (str(tmp_path), "no-such-file")):
        with pytest.raises(AppError) as caught:
            take_over(settings, [ShellVariable("REQUESTS_CA_BUNDLE", value, "")])
        assert slug in caught.value.slug
