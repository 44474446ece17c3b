"""The command line's grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.cli.main import run


def test_paths_behind_options_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", str(tmp_path / "a"), "--server", "local", str(tmp_path / "b"), "--dry-run"]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "a") in said
    assert str(tmp_path / "b") in said


@pytest.mark.parametrize("arguments", [["sync", "x", "--nonsense"], ["status", "x"], ["sync", "a", "--wrong", "b"]])
def test_unknown_options_are_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err
