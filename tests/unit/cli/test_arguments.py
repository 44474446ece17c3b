"""The command line's grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from runferry.cli.main import run


def test_paths_behind_options_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", str(tmp_path / "a"), "--server", "local", str(tmp_path / "b"), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "a") in said
    assert str(tmp_path / "b") in said


@pytest.mark.parametrize("arguments", [["sync", "x", "--nonsense"], ["status", "x"], ["sync", "a", "--wrong", "b"]])
def test_unknown_options_are_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize(("option", "what"), [("--project", "project"), ("--entity", "team")])
def test_a_name_that_cannot_work_is_wrong_use_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dry: list[str], option: str, what: str
) -> None:
    assert run(["sync", option, "a/b c", "--server", "local", str(tmp_path), *dry]) == 2
    assert f"A {what}'s name cannot hold / ('a/b c' does)." in capsys.readouterr().err


def test_the_connection_check_and_init_want_good_names_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "local", "--project", "a:b"]) == 2
    assert run(["init", str(tmp_path), "--entity", "a#b"]) == 2
    assert run(["init", str(tmp_path), "--project", "  "]) == 2
    assert "A team's name cannot hold #" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
