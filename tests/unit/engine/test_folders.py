"""Watched folders that change while the app runs, and what is set for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import runferry
from runferry.engine.engine import Engine
from runferry.engine.routing import why_held
from runferry.engine.watched import WatchedFolder
from runferry.errors import AppError
from runferry.formats.detect import RunFolder, identify
from runferry.paths import Home
from runferry.settings import FolderMode, Settings
from runferry.status import ON_REQUEST, RunState
from runferry.sync.destination import Destination
from runferry.sync.wishes import Wishes

PATIENCE = 20.0


class Sent:
    """Stands for the delivery: what would be sent, and where to."""

    def __init__(self, engine: Engine) -> None:
        self.runs: dict[str, Destination] = {}
        self._engine = engine
        engine.deliver = self.deliver  # type: ignore[assignment,method-assign]
        engine.settle = lambda path, watched: None  # type: ignore[method-assign]
        engine.is_at = lambda run, watched: True  # type: ignore[method-assign]

    def deliver(self, folder: RunFolder, watched: WatchedFolder) -> Any:
        destination = watched.destination(self._engine.settings)
        self.runs[folder.run_id] = destination
        return SimpleNamespace(
            log=folder.log,
            folder=folder,
            at_rest=True,
            is_settled=False,
            status_run_state=RunState.FINISHED,
            wishes=Wishes(),
            destination=destination,
        )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    settings = Settings.load(home.settings_file, {}).changed(server="local", rescan_interval=0.5)
    with Engine(home, settings, {}) as started:
        started.watching.begin()
        yield started


def record(folder: Path, run_id: str, steps: int = 3, age: float = 0.0) -> Path:
    """A finished run; age: seconds since it was written, by its log's time."""
    folder.mkdir(exist_ok=True)
    run = runferry.init(dir=str(folder), id=run_id, settings={"console": "off", "silent": True, "mode": "online"})
    for step in range(steps):
        run.log({"loss": step})
    run.finish()
    (made,) = (folder / "wandb").glob(f"offline-run-*-{run_id}")
    if age:
        (log,) = made.glob("*.wandb")
        os.utime(log, (time.time() - age,) * 2)
        made = made.rename(made.with_name(f"offline-run-20200101_000000-{run_id}"))
    return made


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def held(engine: Engine) -> dict[str, str]:
    return {one.run_id: one.held for one in engine.watching.held()}


def test_what_was_over_is_listed_and_what_comes_is_sent(engine: Engine, tmp_path: Path) -> None:
    sent, folder = Sent(engine), tmp_path / "runs"
    record(folder, "old", age=1000)
    before = record(folder, "grows", age=1000)
    engine.add_folder(folder, server="local")
    until(lambda: len(held(engine)) == 2)
    assert held(engine) == {"old": "it was there before: sent on request only"} | {"grows": held(engine)["old"]}
    assert sent.runs == {}
    record(folder, "new")
    until(lambda: "new" in sent.runs)
    with next(before.glob("*.wandb")).open("ab") as log:
        log.write(b"more")
    engine.watching.look_at_quiet_logs()
    assert "grows" in sent.runs
    assert list(held(engine)) == ["old"]
    assert Settings.load(engine.home.settings_file, {}).folders == engine.settings.folders, "it is saved"
    (status,) = engine.watching.folders()
    assert (status.path, status.server, status.held, status.problem) == (str(folder), "local", 1, None)


def test_added_with_all_of_it(engine: Engine, tmp_path: Path) -> None:
    sent, folder = Sent(engine), tmp_path / "runs"
    record(folder, "old", age=1000)
    engine.add_folder(folder, added=0.0, project="p", entity="team")
    until(lambda: "old" in sent.runs)
    assert (sent.runs["old"].entity, sent.runs["old"].project) == ("team", "p")


def test_a_change_counts_at_once_and_a_removed_folder_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    sent, folder = Sent(engine), tmp_path / "runs"
    record(folder, "a")
    engine.add_folder(folder, mode=FolderMode.ASK)
    until(lambda: held(engine) == {"a": "this folder's runs are sent on request only"})
    engine.change_folder(folder, mode=FolderMode.AUTO, added=0.0)
    until(lambda: "a" in sent.runs)
    assert held(engine) == {}
    engine.change_folder(folder, exclude=("*-a",))
    assert held(engine) == {"a": "left out by the pattern *-a"}
    engine.remove_folder(folder)
    assert held(engine) == {}
    assert engine.watching.folders() == []
    record(folder, "b")
    assert "b" not in sent.runs


def test_another_place_for_a_folders_runs(engine: Engine, tmp_path: Path) -> None:
    sent, folder = Sent(engine), tmp_path / "runs"
    record(folder, "a")
    engine.add_folder(folder, added=0.0)
    until(lambda: "a" in sent.runs)
    engine.change_folder(folder, project="other")
    assert sent.runs["a"].project == "other"


def test_short_runs_are_left_out_until_they_are_long_enough(engine: Engine, tmp_path: Path) -> None:
    sent, folder = Sent(engine), tmp_path / "runs"
    folder.mkdir()
    record(folder, "short", steps=2)
    run = runferry.init(dir=str(folder), id="live", settings={"console": "off", "silent": True, "mode": "online"})
    run.log({"a": 1})
    engine.add_folder(folder, added=0.0, min_steps=5)
    until(lambda: len(held(engine)) == 2)
    assert held(engine) == {
        "short": "it ended with 2 of the 5 steps from which runs of this folder are sent",
        "live": "it has 1 of the 5 steps from which runs of this folder are sent",
    }
    for step in range(4):
        run.log({"a": step})
    engine.watching.look_at_quiet_logs()
    assert list(sent.runs) == ["live"]
    run.finish()


def test_a_held_run_has_its_name_and_its_size(engine: Engine, tmp_path: Path) -> None:
    Sent(engine)
    folder = tmp_path / "runs"
    folder.mkdir()
    runferry.init(dir=str(folder), project="p", name="fit", settings={"console": "off", "silent": True}).finish()
    engine.add_folder(folder, mode="ask")
    until(lambda: held(engine))
    (status,) = engine.snapshot().runs
    assert (status.name, status.project) == ("fit", "p")
    assert status.bytes_total > 0
    assert status.started is not None
    assert status.writer.startswith("runferry")


def test_a_folder_whose_server_nobody_knows_is_shown_with_the_reason(engine: Engine, tmp_path: Path) -> None:
    Sent(engine)
    record(tmp_path / "runs", "a")
    engine.environ["WANDB_API_KEY"] = "k" * 40
    engine.change_settings(server="")
    engine.add_folder(tmp_path / "runs")
    until(lambda: held(engine) == {"a": "Which server?"})
    (status,) = engine.watching.folders()
    assert status.problem is not None
    assert status.problem["slug"] == "server-not-chosen"


@pytest.mark.parametrize(
    "values", [{"min_steps": -1}, {"mode": "never"}, {"exclude": "x"}, {"server": "nonsense"}, {"follow_links": 1}]
)
def test_what_cannot_be_set_is_told_and_not_saved(engine: Engine, tmp_path: Path, values: dict[str, Any]) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(AppError) as caught:
        engine.add_folder(tmp_path / "runs", **values)
    assert caught.value.slug == "bad-setting"
    assert engine.settings.folders == ()


def test_what_is_no_folder_or_known_is_told(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="not a folder"):
        engine.add_folder(tmp_path / "nowhere")
    engine.add_folder(tmp_path)
    with pytest.raises(AppError, match="watched already"):
        engine.add_folder(tmp_path)
    with pytest.raises(AppError, match="not watched"):
        engine.remove_folder(tmp_path / "other")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [("debug", True), ("debug*", True), ("a/debug", True), ("a/*", True), ("x", False), ("debug/a", False)],
)
def test_patterns(pattern: str, matches: bool) -> None:
    watched = WatchedFolder(Path("/w"), choice=None, exclude=(pattern,))  # type: ignore[arg-type]
    assert bool(watched.pattern_for(Path("/w/a/debug/wandb/offline-run-20200101_000000-x"))) is matches


@pytest.mark.parametrize(
    ("recorded", "mode", "waits"),
    [
        ("offline", FolderMode.AUTO, False),
        ("dryrun", FolderMode.AUTO, True),
        ("dryrun", FolderMode.SYNC, False),
        ("offline", FolderMode.ASK, True),
        ("online", FolderMode.ASK, True),
    ],
)
def test_the_setting_of_a_folder_overrides_both_ways(
    tmp_path: Path, recorded: str, mode: FolderMode, waits: bool
) -> None:
    run = runferry.init(dir=str(tmp_path), id="r", mode=recorded, settings={"console": "off", "silent": True})
    run.finish()
    (made,) = tmp_path.glob("wandb/offline-run-*")
    folder = identify(made)
    assert isinstance(folder, RunFolder)
    assert why_held(folder, mode).endswith(ON_REQUEST) is waits
    if mode is FolderMode.AUTO:
        assert why_held(folder, mode, is_off=True).endswith(ON_REQUEST)
        assert not why_held(folder, FolderMode.SYNC, is_off=True)
