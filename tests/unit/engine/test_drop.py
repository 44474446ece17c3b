"""What the drop sheet is told: each run with its rows, its losses, where it was sent, and what would be sent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import runferry
from runferry.engine.drop import Found, NoRun, look_at
from runferry.engine.engine import Engine
from runferry.engine.places import places
from runferry.paths import Home
from runferry.settings import Settings
from support.folders import legacy_folders, logs

KEY = "k" * 40


def record(top: Path, name: str = "one", rows: int = 3) -> Path:
    run = runferry.init(dir=str(top), name=name, project="demo", settings={"console": "off", "silent": True})
    for step in range(rows):
        runferry.log({"loss": 1.0 / (step + 1)})
    run.finish()
    return Path(run.dir).parent


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    base = tmp_path / "state"
    home = Home(base / "config", base / "data", base / "logs", base / "store")
    with Engine(home, Settings.load(home.settings_file, {}), {}) as one:
        yield one


def found(engine: Engine, *paths: Path) -> list[Found]:
    return [one for one in look_at(engine, paths) if isinstance(one, Found)]


def rejected(engine: Engine, *paths: Path) -> list[NoRun]:
    return [one for one in look_at(engine, paths) if isinstance(one, NoRun)]


def test_a_parent_of_many_runs(engine: Engine, tmp_path: Path) -> None:
    folders = {str(record(tmp_path, f"run {number}")) for number in range(3)}
    (tmp_path / "checkpoints-of-mine").mkdir()
    runs = found(engine, tmp_path)
    assert {one.path for one in runs} == folders
    assert {one.name for one in runs} == {"run 0", "run 1", "run 2"}
    assert all((one.rows, one.is_complete, one.project, one.kind) == (3, True, "demo", "recorder") for one in runs)
    assert all(one.contents.rows == 3 and "config.yaml" in one.contents.files for one in runs)


def test_the_same_run_named_twice_is_one(engine: Engine, tmp_path: Path) -> None:
    folder = record(tmp_path)
    (log,) = folder.glob("*.wandb")
    assert len(found(engine, folder, log, tmp_path)) == 1


def test_bare_logs_in_a_folder_are_all_found(engine: Engine, tmp_path: Path) -> None:
    bare = tmp_path / "downloads"
    bare.mkdir()
    for number in range(2):
        (log,) = record(tmp_path / f"work{number}").glob("*.wandb")
        shutil.copy(log, bare / log.name)
    assert len(found(engine, bare)) == 2


def test_what_is_lost_is_told(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "offline-run-20261123_013000-damaged1"
    folder.mkdir()
    log = folder / "run-damaged1.wandb"
    log.write_bytes(logs("damaged.tar.xz")["0.31.0-block_missing"])
    os.utime(log, (1_700_000_000, 1_700_000_000))
    (run,) = found(engine, folder)
    assert run.damage is not None
    assert run.damage.gaps
    assert run.expected is not None
    assert run.expected > run.rows > 0
    assert run.damage.details


def test_a_legacy_folder_names_no_project(engine: Engine, tmp_path: Path) -> None:
    folder = legacy_folders(tmp_path)["0.8.36-base-0"]
    (run,) = found(engine, folder)
    assert (run.kind, run.run_id) == ("legacy", folder.name.rpartition("-")[2])
    assert run.rows > 0
    assert run.contents.files


def test_what_is_no_run_says_why(engine: Engine, tmp_path: Path) -> None:
    empty = tmp_path / "checkpoints"
    empty.mkdir()
    pending = tmp_path / "wandb" / "offline-run-20261123_013000-abcdefgh"
    pending.mkdir(parents=True)
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    told = {Path(one.path).name: one.slug for one in rejected(engine, empty, pending.parent, text, tmp_path / "gone")}
    assert told == {
        "checkpoints": "empty-folder",
        pending.name: "no-log-yet",
        "wandb": "empty-folder",
        "notes.txt": "other",
        "gone": "missing",
    }


def test_a_long_log_comes_at_once_and_again_when_it_was_read(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runferry.sync.source.READ_BYTES", 1 << 20)
    long = record(tmp_path / "long", "long", rows=16_000)
    short = record(tmp_path / "short", "short", rows=2)
    runs = found(engine, long, short)
    assert [(one.name, one.is_complete) for one in runs] == [("long", False), ("short", True), ("long", True)]
    assert runs[0].rows < runs[2].rows == 16_000
    moments = [one for one in look_at(engine, [long]) if one is None]
    assert moments, "a task thread can stop between two parts"


def test_metrics_only_sends_nothing_else(engine: Engine, tmp_path: Path) -> None:
    folder = record(tmp_path)
    engine.settings = engine.settings.changed(metrics_only=True)
    (run,) = found(engine, folder)
    assert run.contents == run.contents.bare
    assert not run.contents.files


def test_places_begin_with_this_computer_and_end_with_the_cloud(engine: Engine) -> None:
    engine.settings = engine.settings.changed(folders=[{"path": "/runs", "server": "https://wandb.example.com"}])
    told = places(engine)
    assert [one.server for one in told.servers] == ["local", "https://wandb.example.com", "https://api.wandb.ai"]
    assert [one.is_usable for one in told.servers] == [True, False, False]
    assert told.server == "local"


def test_a_key_of_the_cloud_is_offered_and_never_chosen(engine: Engine) -> None:
    engine.environ["WANDB_API_KEY"] = KEY
    told = places(engine)
    assert told.server == "", "nobody said whether the cloud is meant"
    assert {one.server: one.key_from for one in told.servers}["https://api.wandb.ai"] == "WANDB_API_KEY"


def test_a_server_chosen_by_hand_does_not_get_the_key_of_another(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runferry.engine.job import SyncRequest
    from runferry.errors import AppError

    engine.environ["WANDB_API_KEY"] = KEY
    asked: list[str] = []
    monkeypatch.setattr("runferry.engine.connections.store_at", asked.append)
    request = SyncRequest((record(tmp_path),), server="http://127.0.0.1:9", by_hand=True)
    with pytest.raises(AppError) as caught:
        engine.sync(request)
    assert caught.value.slug == "no-key"
    assert not asked
