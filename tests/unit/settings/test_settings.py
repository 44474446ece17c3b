"""Settings: what wins, what is kept, what a broken file or value leads to."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from runferry.errors import NeedsUser, UsageError
from runferry.settings import OPTIONS, Folder, FolderMode, Origin, Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_defaults_where_there_is_no_file(file: Path) -> None:
    settings = Settings.load(file, {})
    assert settings.problems == ()
    assert settings == Settings()
    assert settings.upload_interval_loopback == 0.5
    assert settings.local_server_port == 8470
    assert settings.origin("server") is Origin.DEFAULT
    assert not file.exists(), "loading writes nothing"


def test_every_default_passes_its_own_check() -> None:
    for one in OPTIONS.values():
        assert one.check(one.default) == one.default
        assert one.help
        assert one.section


def test_file_then_environment(file: Path) -> None:
    write(file, '{"server": "https://Wandb.Example.com:443/", "parallel_uploads": 5, "metrics_only": true}')
    settings = Settings.load(file, {"RUNFERRY_PARALLEL_UPLOADS": " 7 ", "RUNFERRY_METRICS_ONLY": "0"})
    assert settings.server == "https://wandb.example.com"
    assert settings.parallel_uploads == 7
    assert settings.metrics_only is False
    assert settings.origin("server") is Origin.FILE
    assert settings.origin("parallel_uploads") is Origin.ENVIRONMENT


def test_wandb_variables_and_our_twin_wins(file: Path) -> None:
    assert Settings.load(file, {"WANDB_BASE_URL": "http://localhost:8080/"}).server == "http://localhost:8080"
    both = {"WANDB_BASE_URL": "http://localhost:8080", "RUNFERRY_SERVER": "cloud"}
    assert Settings.load(file, both).server == "cloud"
    assert Settings.load(file, {"WANDB_CONSOLE": "off"}).console is False
    assert Settings.load(file, {"WANDB_CONSOLE": "wrap"}).console is True
    assert Settings.load(file, {"WANDB_BASE_URL": ""}).origin("server") is Origin.DEFAULT


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("parallel_uploads", 0),
        ("parallel_uploads", 2.5),
        ("parallel_uploads", True),
        ("poll_interval", "fast"),
        ("poll_interval", float("nan")),
        ("server", "wandb.example.com"),
        ("server", "https://key@wandb.example.com"),
        ("log_level", "loud"),
        ("console", "off"),
        ("folders", [{"server": "local"}]),
        ("folders", [{"path": "/runs", "mode": "never"}]),
        ("folders", "/runs"),
    ],
)
def test_a_value_that_does_not_fit_is_told_and_the_rest_is_kept(file: Path, name: str, bad: object) -> None:
    write(file, json.dumps({name: bad, "entity": "team"}))
    settings = Settings.load(file, {})
    assert [problem.slug for problem in settings.problems] == ["bad-setting"]
    assert name in settings.problems[0].title
    assert settings.get(name) == OPTIONS[name].default
    assert settings.entity == "team"
    with pytest.raises(UsageError):
        Settings().changed(**{name: bad})


def test_a_bad_variable_leaves_the_file_in_force(file: Path) -> None:
    write(file, '{"parallel_uploads": 5}')
    settings = Settings.load(file, {"RUNFERRY_PARALLEL_UPLOADS": "many"})
    assert settings.parallel_uploads == 5
    assert "RUNFERRY_PARALLEL_UPLOADS" in settings.problems[0].message


def test_a_key_in_a_url_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        Settings().changed(server="https://user:SECRETKEY@wandb.example.com")
    assert "SECRETKEY" not in json.dumps(caught.value.as_dict())


def test_saving_writes_only_changes_and_keeps_unknown_keys(file: Path) -> None:
    write(file, '{"from_the_future": {"a": 1}, "entity": "team", "project": "old"}')
    settings = Settings.load(file, {"RUNFERRY_PARALLEL_UPLOADS": "7"})
    # Another process changes something in between: it survives.
    write(file, '{"from_the_future": {"a": 1}, "entity": "other", "project": "old"}')
    saved = settings.changed(project="new", upload_interval=30).save()
    assert json.loads(file.read_text()) == {
        "from_the_future": {"a": 1},
        "entity": "other",
        "project": "new",
        "upload_interval": 30.0,
    }
    assert saved.origin("project") is Origin.FILE
    assert saved.origin("parallel_uploads") is Origin.ENVIRONMENT


def test_a_value_set_back_to_its_default_leaves_the_file(file: Path) -> None:
    write(file, '{"parallel_uploads": 5, "x": 1}')
    saved = Settings.load(file, {}).changed(parallel_uploads=3).save()
    assert json.loads(file.read_text()) == {"x": 1}
    assert saved.origin("parallel_uploads") is Origin.DEFAULT


def test_folders_round_trip_with_what_a_newer_version_added(file: Path, tmp_path: Path) -> None:
    write(file, json.dumps({"folders": [{"path": str(tmp_path), "server": "local", "mode": "ask", "colour": "red"}]}))
    settings = Settings.load(file, {})
    assert settings.folders == (Folder(str(tmp_path), "local", FolderMode.ASK),)
    settings.changed(folders=(*settings.folders, Folder(str(tmp_path / "b")))).save()
    stored = json.loads(file.read_text())["folders"]
    assert stored[0] == {"path": str(tmp_path), "server": "local", "mode": "ask", "colour": "red"}
    assert stored[1] == {"path": str(tmp_path / "b"), "server": "", "mode": "auto"}


def test_folders_from_the_environment(file: Path, tmp_path: Path) -> None:
    settings = Settings.load(file, {"RUNFERRY_FOLDERS": f"{tmp_path}{os.pathsep}{tmp_path / 'b'}"})
    assert [one.path for one in settings.folders] == [str(tmp_path), str(tmp_path / "b")]


@pytest.mark.parametrize("text", ["{", "[1]", "", "\x00\xff", "[" * 100_000])
def test_a_broken_file_gives_defaults_and_is_kept_aside_when_saving(file: Path, text: str) -> None:
    write(file, text)
    settings = Settings.load(file, {})
    assert [problem.slug for problem in settings.problems] == ["settings-broken"]
    assert settings == Settings()
    assert file.read_text() == text, "reading does not touch it"
    settings.changed(entity="team").save()
    assert json.loads(file.read_text()) == {"entity": "team"}
    assert (file.parent / "settings.json.broken-1").read_text() == text


def test_the_file_is_private_and_a_symlink_stays_one(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "settings.json"
    write(real, "{}")
    file.parent.mkdir()
    file.symlink_to(real)
    Settings.load(file, {}).changed(entity="team").save()
    assert file.is_symlink()
    assert json.loads(real.read_text()) == {"entity": "team"}
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(one.name for one in real.parent.iterdir()) == ["settings.json"], "no temporary file is left"


def test_saving_where_that_is_impossible(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(NeedsUser) as caught:
        Settings().changed(entity="team").save(blocker / "settings.json")
    assert caught.value.slug == "settings-not-saved"


def test_unknown_names() -> None:
    with pytest.raises(UsageError):
        Settings().changed(colour="red")
    with pytest.raises(KeyError):
        Settings().get("problems")


@pytest.mark.parametrize(("name", "what"), [("project", "project"), ("entity", "team")])
def test_a_name_that_cannot_work_is_not_taken(file: Path, name: str, what: str) -> None:
    with pytest.raises(UsageError, match=f"a {what}'s name cannot hold /"):
        Settings().changed(**{name: "a/b"})
    with pytest.raises(UsageError, match=f"a {what}'s name cannot hold /"):
        Settings().changed(folders=[{"path": "/runs", name: "a/b"}])
    found = Settings.load(file, {f"WANDB_{name.upper()}": "a/b"})
    assert (found.get(name), len(found.problems)) == ("", 1)
