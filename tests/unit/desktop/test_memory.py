"""What the window remembers: kept over a start, forgotten where it does not fit, never a reason to fail."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runferry.desktop.memory import Memory


def test_what_is_kept_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "window.json"
    memory = Memory(path)
    memory.keep("geometry", "abc")
    memory.keep("charts", {"demo": {"log": True}})
    memory.save()
    again = Memory(path)
    assert again.get("geometry", "") == "abc"
    assert again.get("charts", {}) == {"demo": {"log": True}}
    assert path.stat().st_mode & 0o077 == 0


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    memory = Memory(path)
    memory.save()
    assert not path.exists()
    memory.keep("a", 1)
    memory.save()
    path.unlink()
    memory.save()
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", "[" * 100_000, '{"geometry": 7}'])
def test_a_file_that_does_not_fit_is_forgotten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "window.json"
    path.write_text(text)
    memory = Memory(path)
    assert memory.get("geometry", "") == ""
    memory.keep("geometry", "abc")
    memory.save()
    assert json.loads(path.read_text())["geometry"] == "abc"


def test_a_folder_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "window.json")
    memory.keep("a", 1)
    memory.save()
    assert "was not saved" in caplog.text


def test_without_a_path_it_remembers_as_long_as_it_lives() -> None:
    memory = Memory(None)
    memory.keep("a", [1])
    memory.save()
    assert memory.get("a", []) == [1]
    assert memory.get("a", "") == ""


def test_what_json_cannot_hold_is_no_crash(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(tmp_path / "window.json")
    memory.keep("a", object())
    memory.save()
    assert "was not saved" in caplog.text
    assert os.listdir(tmp_path) == []
