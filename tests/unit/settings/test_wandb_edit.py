"""W&B's settings file of a directory: what is set and removed, and what is left alone."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest

from runferry.errors import NeedsUser
from runferry.settings.wandb_edit import directory_is_off, edit


def values(path: Path) -> dict[str, str]:
    """As W&B reads it."""
    parser = configparser.ConfigParser()
    parser.read(path)
    return dict(parser["default"])


def test_a_new_file_is_as_wandb_writes_it(tmp_path: Path) -> None:
    path = edit(tmp_path, {"project": "demo", "entity": "team"})
    assert path == tmp_path / "wandb" / "settings"
    assert path.read_text() == "[default]\nproject = demo\nentity = team\n\n"


def test_other_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "wandb" / "settings"
    path.parent.mkdir()
    path.write_text("# mine\n[other]\nx = 1\n\n[default]\nmode = offline\nbase_url = https://a.example\nproject: old\n")
    path.chmod(0o640)
    edit(tmp_path, {"project": "new"}, frozenset(("mode",)))
    text = path.read_text()
    assert text.startswith("# mine\n[other]\nx = 1\n")
    assert values(path) == {"base_url": "https://a.example", "project": "new"}
    assert path.stat().st_mode & 0o777 == 0o640


def test_off_and_on(tmp_path: Path) -> None:
    folder = tmp_path / "wandb"
    assert not directory_is_off(folder)
    edit(tmp_path, {"mode": "offline"})
    assert directory_is_off(folder)
    edit(tmp_path, {}, frozenset(("mode", "disabled")))
    assert not directory_is_off(folder)
    (folder / "settings").write_text("[default]\ndisabled = true\n")  # as wandb 0.8 turned it off
    assert directory_is_off(folder)


def test_turning_on_what_has_no_file_makes_none(tmp_path: Path) -> None:
    edit(tmp_path, {}, frozenset(("mode",)))
    assert not (tmp_path / "wandb").exists()


def test_the_hidden_folder_wins_and_a_wandb_folder_is_itself(tmp_path: Path) -> None:
    (tmp_path / ".wandb").mkdir()
    assert edit(tmp_path, {"project": "p"}) == tmp_path / ".wandb" / "settings"
    assert edit(tmp_path / ".wandb", {"project": "p"}) == tmp_path / ".wandb" / "settings"


def test_a_file_that_is_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.write_text("[default]\n")
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "settings").symlink_to(real)
    edit(tmp_path, {"project": "p"})
    assert (tmp_path / "wandb" / "settings").is_symlink()
    assert values(real) == {"project": "p"}


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "wandb").write_text("a file where the folder should be")
    with pytest.raises(NeedsUser):
        edit(tmp_path, {"project": "p"})
    assert os.listdir(tmp_path) == ["wandb"]
