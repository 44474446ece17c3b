"""Names of files in a log: only what stays inside the run's folder is ever opened."""

from __future__ import annotations

import pytest

from runferry.sync import run_files
from runferry.sync.run_files import is_inside, why_not_a_name


@pytest.mark.parametrize(
    "name", ["a.txt", "media/images/x.png", "ü/ end.txt", "..a/b", "x/a:b", "epoch:3.ckpt", "at 10:30:00/a"]
)
def test_inside(name: str) -> None:
    assert is_inside(name)


@pytest.mark.parametrize("name", ["", ".", "./", "../x", "a/../../x", "/etc/passwd", "a\0b", "..\\x"])
def test_outside_or_no_name_at_all(name: str) -> None:
    assert not is_inside(name)


def test_a_drive_is_only_one_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_inside("C:\\x")
    # No other system takes names apart like that; so this is not tried with files.
    monkeypatch.setattr(run_files.os, "name", "nt")
    for name in ("C:\\x", "C:x", "a.txt:stream"):
        assert not is_inside(name)
    monkeypatch.undo()


def test_a_name_that_is_no_text_is_told() -> None:
    assert "not UTF-8" in why_not_a_name("n\udcff.txt")
    assert why_not_a_name("ü.txt") == ""
