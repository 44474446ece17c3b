"""Whose key `login` and `logout` mean, and what they say about it."""

from __future__ import annotations

import pytest

from runferry.cli.main import run


def test_without_a_server_the_cloud_is_meant_and_nobody_is_said_to_have_named_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["logout"]) == 0
    assert capsys.readouterr().err.startswith("Server: https://api.wandb.ai, by the default of this command.\n")


def test_a_named_server_is_the_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.com")
    assert run(["logout"]) == 0
    assert capsys.readouterr().err.startswith("Server: https://wandb.example.com, by WANDB_BASE_URL.\n")
    assert run(["logout", "--server", "https://other.example.com"]) == 0
    assert capsys.readouterr().err.startswith("Server: https://other.example.com, by --server.\n")


def test_the_local_server_needs_no_login(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["login", "--server", "local"]) == 2
    assert "needs no login" in capsys.readouterr().err
