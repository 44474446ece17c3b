"""The token that lets a window come to the front."""

from __future__ import annotations

import os

import pytest

from runferry.desktop.system.activation import VARIABLE, accept_token


def test_a_token_is_left_where_qt_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # taken back after the test
    accept_token("")
    assert os.environ[VARIABLE] == ""
    accept_token("t1")
    assert os.environ[VARIABLE] == "t1"
