"""Runs dropped on the window are known after a restart: what is done is shown, what is not goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import runferry
from runferry.desktop.drop.sending import begin
from runferry.engine.job import SyncRequest
from runferry.errors import UsageError
from runferry.status import SyncState
from support import stores
from support.engines import shown, started
from support.processes import Server, until


@pytest.fixture
def dropped(work: Path) -> Path:
    """A finished run that lies in no watched folder."""
    run = runferry.init(dir=str(work), project="vision", id="dropped", settings={"console": "off", "silent": True})
    run.log({"loss": 0.5})
    run.finish()
    return next((work / "wandb").glob("offline-run-*"))


def request(path: Path, server: Server, metrics_only: bool = False, is_new: bool = False) -> SyncRequest:
    return SyncRequest((path,), server.url, project="elsewhere", metrics_only=metrics_only, is_new=is_new)


def test_what_is_verified_is_shown_again_and_nothing_is_sent(
    server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(server, monkeypatch) as engine:
        begin(engine, [request(dropped, server)])
        until(lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED], "it is verified")
    with started(server, monkeypatch) as engine:
        assert shown(engine) == []
        engine.remembered.begin()
        (one,) = shown(engine)
        assert (one.state, one.project, one.path) == (SyncState.VERIFIED, "elsewhere", str(dropped))
        assert engine.run_at(str(dropped)) == []  # looked at, and left alone


def test_what_was_not_sent_goes_on_as_it_was_asked_for(
    server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(server, monkeypatch) as engine:
        engine.pause("", None)
        begin(engine, [request(dropped, server, metrics_only=True, is_new=True)])
        (waiting,) = engine.run_at(str(dropped))
        new_id = waiting.destination.run_id
    assert stores.runs_of(server.data) == []
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        (run,) = engine.run_at(str(dropped))
        assert run.wishes.metrics_only
        engine.resume("")
        until(lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED], "it is verified")
    assert len(stores.row_lines(server.data, new_id, "elsewhere")) == 1


def test_a_folder_that_is_gone_is_forgotten_but_not_with_its_whole_disk(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(server, monkeypatch) as engine:
        begin(engine, [request(dropped, server)])
        until(lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED], "it is verified")
    disk = work / "wandb"
    disk.rename(work / "not mounted")
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        assert shown(engine) == []
    (work / "not mounted").rename(disk)
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        assert len(shown(engine)) == 1
    away = dropped.with_name("away")
    shutil.move(dropped, away)
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        assert shown(engine) == []
    shutil.move(away, dropped)
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        assert shown(engine) == []  # it was forgotten: whoever puts it back may drop it again


def test_what_is_taken_off_the_list_stays_off_and_nothing_is_deleted(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = work / "link"
    link.symlink_to(dropped.parent)
    for way in (dropped, link / dropped.name):
        with started(server, monkeypatch) as engine:
            begin(engine, [request(way, server)])
            until(lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED], "it is verified")
            engine.remembered.take_off([one.path for one in shown(engine)])
            assert shown(engine) == []
        with started(server, monkeypatch) as engine:
            engine.remembered.begin()
            assert shown(engine) == []
    assert stores.runs_of(server.data) == ["dropped"]
    assert dropped.is_dir()


def test_what_waits_is_taken_off_and_not_sent(server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(server, monkeypatch) as engine:
        engine.pause("", None)
        begin(engine, [request(dropped, server)])
        engine.remembered.take_off([str(dropped)])
        assert shown(engine) == []
        engine.resume("")
    assert stores.runs_of(server.data) == []


def test_a_run_of_a_watched_folder_stays(server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with started(server, monkeypatch) as engine:
        engine.add_folder(dropped.parent)
        engine.watching.begin()
        until(lambda: len(shown(engine)) == 1, "it is found")
        with pytest.raises(UsageError) as told:
            engine.remembered.take_off([str(dropped)])
        assert told.value.slug == "run-is-watched"
        assert len(shown(engine)) == 1
