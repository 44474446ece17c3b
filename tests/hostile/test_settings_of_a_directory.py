"""`runferry on`, `off` and `init` in a directory from a stranger: its `wandb/settings` may be a link to anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runferry.cli.main import run
from runferry.settings.wandb_files import read_ini

SECRET = "Host work\n  IdentityFile ~/.ssh/id_rsa\n"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of the person's, outside."""
    path = tmp_path / "home" / "config"
    path.parent.mkdir()
    path.write_text(SECRET)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


def all_refuse(project: Path, capsys: pytest.CaptureFixture[str]) -> str:
    for words in (["off", str(project)], ["on", str(project)], ["init", str(project), "--project", "p"]):
        assert run(words) == 1, words
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("W&B's settings file was not changed") == 3
    return said


def test_a_link_out_of_the_directory_is_not_followed(
    project: Path, victim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for content in (SECRET, "[default]\nmode = online\n"):
        victim.write_text(content)
        (project / "wandb").mkdir(exist_ok=True)
        (project / "wandb" / "settings").unlink(missing_ok=True)
        (project / "wandb" / "settings").symlink_to(victim)
        assert "outside of this directory" in all_refuse(project, capsys)
        assert victim.read_text() == content
        assert os.listdir(victim.parent) == ["config"]


def test_a_link_to_what_is_not_there_makes_nothing(
    project: Path, victim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "wandb").mkdir()
    (project / "wandb" / "settings").symlink_to(victim.parent / "authorized_keys")
    assert run(["off", str(project)]) == 1
    assert run(["init", str(project), "--project", "p"]) == 1
    assert run(["on", str(project)]) == 0  # there is nothing to take out
    assert "Traceback" not in capsys.readouterr().err
    assert os.listdir(victim.parent) == ["config"]


def test_a_linked_folder_with_another_programs_settings(
    project: Path, victim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = victim.rename(victim.parent / "settings")
    (project / "wandb").symlink_to(victim.parent)
    assert "may be another program's" in all_refuse(project, capsys)
    assert settings.read_text() == SECRET


def test_a_wandb_folder_on_a_scratch_disk_is_common(project: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (project / "wandb").symlink_to(tmp_path / "scratch")
    assert run(["off", str(project)]) == 0
    assert "mode = offline" in (tmp_path / "scratch" / "settings").read_text()
    assert run(["on", str(project)]) == 0
    assert "mode" not in (tmp_path / "scratch" / "settings").read_text()


@pytest.mark.timeout(30)
def test_pipes_and_giants_are_no_settings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "wandb").mkdir()
    settings = project / "wandb" / "settings"
    os.mkfifo(settings)
    all_refuse(project, capsys)
    assert read_ini(settings) == {}
    settings.unlink()
    with settings.open("wb") as file:
        file.truncate(1 << 40)
    all_refuse(project, capsys)
    assert read_ini(settings) == {}
