"""Whose key `login` and `logout` mean, and what they say about it."""

from __future__ import annotations

import io
import sys

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


def test_a_key_among_the_arguments_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["login", "--server", "http://127.0.0.1:1", "k" * 40]) == 1  # nobody answers there
    assert "every account here may read it" in capsys.readouterr().err


def test_a_key_from_standard_input_is_not(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["-"], []):
        monkeypatch.setattr(sys, "stdin", io.StringIO("k" * 40 + "\r\n"))
        assert run(["login", "--server", "http://127.0.0.1:1", *words]) == 1
        said = capsys.readouterr().err
        assert "may read it" not in said
        assert "kkkk" not in said
    monkeypatch.setattr(sys, "stdin", None)  # it was closed
    assert run(["login", "--server", "http://127.0.0.1:1"]) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err
