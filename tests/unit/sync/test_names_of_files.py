"""Names of files in a log: only what stays inside the run's folder is ever opened."""

from __future__ import annotations

import pytest

from runferry.sync.run_files import is_inside


@pytest.mark.parametrize("name", ["a.txt", "media/images/x.png", "ü/ end.txt", "..a/b", "x/a:b"])
def test_inside(name: str) -> None:
    assert is_inside(name)


@pytest.mark.parametrize("name", ["", ".", "./", "../x", "a/../../x", "/etc/passwd", "C:\\x", "a\0b", "..\\x"])
def test_outside_or_no_name_at_all(name: str) -> None:
    assert not is_inside(name)
