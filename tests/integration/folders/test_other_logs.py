"""Two logs in one run folder: a conflict copy, a renamed folder, another run's log. None is passed over in silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import runferry
from runferry.formats.detect import RunFolder, identify
from runferry.status import SyncState
from runferry.watch.discovery import look
from support import stores
from support.in_process import Carrier, carrying

CONFLICTS = ["run-cf.sync-conflict-20261128-101010-ABCDEFG.wandb", "run-cf (conflicted copy).wandb", "run-cf(1).wandb"]


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    with carrying(tmp_path) as running:
        yield running


def record(top: Path, run_id: str, rows: int) -> Path:
    settings = {"console": "off", "silent": True}
    run = runferry.init(project="parity", id=run_id, dir=str(top), settings=settings, resume="allow")
    for number in range(rows):
        run.log({"x": number})
    run.finish()
    return max((top / "wandb").glob(f"offline-run-*-{run_id}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path, "cf", 100)


def log_in(path: Path) -> Path:
    found = identify(path)
    assert isinstance(found, RunFolder)
    assert found.run_id == "cf"
    return found.log


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_copy_that_holds_more_is_named(carrier: Carrier, folder: Path, name: str) -> None:
    log = folder / "run-cf.wandb"
    whole = log.read_bytes()
    (folder / name).write_bytes(whole)
    log.write_bytes(whole[:1500])
    assert log_in(folder) == log
    (found,) = carrier.sync(folder)
    error = found.error or {}
    assert (found.state, error["slug"]) == (SyncState.SENT, "other-log-in-folder")
    assert name in error["message"]
    assert found.rows_acknowledged == found.rows < 100
    (longer,) = carrier.sync(folder / name)  # as it says what to do
    assert (longer.state, longer.rows, longer.rows_acknowledged) == (SyncState.VERIFIED, 100, 100)
    (again,) = carrier.sync(folder)
    assert (again.state, again.error) == (SyncState.VERIFIED, None), "all of the other log was sent by now"
    assert again.rows_acknowledged == again.rows < 100
    assert [row["x"] for row in stores.read(carrier.data, "cf").rows] == list(range(100))


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_copy_that_holds_less_is_no_trouble(carrier: Carrier, folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / "run-cf.wandb").read_bytes()[:1500])
    (found,) = carrier.sync(folder)
    assert (found.state, found.rows_acknowledged) == (SyncState.VERIFIED, 100)


@pytest.mark.parametrize("name", CONFLICTS)
@pytest.mark.parametrize("folder_name", ["offline-run-20260101_000000-cf (conflicted copy)", "my best run"])
def test_the_runs_log_of_a_folder_that_was_renamed(folder: Path, name: str, folder_name: str) -> None:
    log = folder / "run-cf.wandb"
    (folder / name).write_bytes(log.read_bytes() + b"\0" * 100)
    moved = folder.rename(folder.with_name(folder_name))
    assert log_in(moved) == moved / "run-cf.wandb"
    seen = look(moved)
    assert seen is None or seen.log == moved / "run-cf.wandb"


def test_of_two_copies_without_the_usual_name_the_longer_one(folder: Path) -> None:
    whole = (folder / "run-cf.wandb").read_bytes()
    (folder / "run-cf.wandb").unlink()
    (folder / CONFLICTS[0]).write_bytes(whole)
    (folder / CONFLICTS[1]).write_bytes(whole[:1500])
    assert log_in(folder) == folder / CONFLICTS[0]


def test_a_log_of_another_run_is_named(carrier: Carrier, folder: Path, tmp_path: Path) -> None:
    other = record(tmp_path / "elsewhere", "zz", 3)
    (folder / "run-zz.wandb").write_bytes((other / "run-zz.wandb").read_bytes())
    assert log_in(folder) == folder / "run-cf.wandb"
    (found,) = carrier.sync(folder)
    assert found.state is SyncState.SENT
    assert "run-zz.wandb is a log of run zz" in (found.error or {})["message"]


@pytest.mark.parametrize("is_link", [False, True], ids=["damaged", "link"])
def test_one_of_which_nobody_can_tell_the_run_is_called_that(
    carrier: Carrier, folder: Path, tmp_path: Path, is_link: bool
) -> None:
    other = folder / "x.wandb"
    if is_link:
        other.symlink_to(record(tmp_path / "other", "stranger", 3) / "run-stranger.wandb")
    else:
        other.write_bytes(b"garbage" * 100)
    (status,) = carrier.sync(folder)
    assert (status.state, (status.error or {})["slug"]) == (SyncState.SENT, "other-log-in-folder")
    assert "x.wandb is a log of which nobody can tell the run, beside" in (status.error or {})["message"]


def test_one_that_comes_after_the_run_was_verified(carrier: Carrier, folder: Path) -> None:
    (found,) = carrier.sync(folder)
    assert found.state is SyncState.VERIFIED
    (folder / CONFLICTS[0]).write_bytes((folder / "run-cf.wandb").read_bytes()[:-50] + b"other" * 30)
    (found,) = carrier.sync(folder)
    assert (found.error or {}).get("slug") == "other-log-in-folder"
