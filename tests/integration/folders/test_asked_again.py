"""What somebody asked for stays as it was asked: by Sync now, after a restart, and when folders' settings change."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.desktop.drop.sending import begin
from runferry.engine import held
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.engine.renewing import upload_as_new
from runferry.engine.watched import WatchedFolder
from runferry.errors import NeedsUser
from runferry.settings import FolderMode
from runferry.status import About, SyncState
from support import stores
from support.engines import shown, started
from support.processes import Server, until


def record(work: Path, run_id: str = "dropped", steps: int = 1) -> Path:
    run = runferry.init(dir=str(work), project="vision", id=run_id, settings={"console": "off", "silent": True})
    for step in range(steps):
        run.log({"loss": step})
    run.finish()
    return next((work / "wandb").glob(f"offline-run-*-{run_id}"))


@pytest.fixture
def dropped(work: Path) -> Path:
    """A finished run."""
    return record(work)


def watched(work: Path, server: Server, mode: FolderMode = FolderMode.SYNC) -> WatchedFolder:
    return WatchedFolder(work, Choice(server.url, "test"), mode)


def verified(engine: Engine, number: int) -> Callable[[], bool]:
    return lambda: [one.state for one in shown(engine)] == [SyncState.VERIFIED] * number and engine._all() == []


def sync_now(engine: Engine) -> None:
    for one in shown(engine):
        engine.sync_again(one)


def stored(server: Server) -> set[str]:
    return {one.name for one in server.data.rglob("*") if one.is_file()}


def test_metrics_only_stays_so(server: Server, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = work / "secret.txt"
    secret.write_text("secret")
    run = runferry.init(dir=str(work), project="vision", id="few", settings={"console": "off", "silent": True})
    run.log({"loss": 0.5})
    run.save(str(secret), base_path=str(work))
    run.finish()
    folder = next((work / "wandb").glob("offline-run-*"))
    with started(server, monkeypatch) as engine:
        begin(engine, [SyncRequest((folder,), server.url, metrics_only=True)])
        until(verified(engine, 1), "it is verified")
        sync_now(engine)
        until(verified(engine, 1), "it is verified again")
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        sync_now(engine)
        (asked,) = engine._all() or [None]
        assert asked is None or asked.wishes.metrics_only
        until(verified(engine, 1), "it is verified again")
    assert "secret.txt" not in stored(server)


def test_a_run_that_was_sent_as_new_is_asked_for_as_that(
    server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(server, monkeypatch) as engine:
        begin(engine, [SyncRequest((dropped,), server.url, is_new=True)])
        until(verified(engine, 1), "it is verified")
        before = stores.runs_of(server.data)
        sync_now(engine)
        until(verified(engine, 1), "it is verified again")
    assert len(before) == 1
    assert stores.runs_of(server.data) == before


@pytest.mark.parametrize("words", [{}, {"project": "vision"}, {"project": "vision", "entity": "local"}])
def test_a_live_run_goes_to_one_place_once(
    server: Server, work: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, str]
) -> None:
    run = runferry.init(dir=str(work), project="vision", id="lively", settings={"console": "off", "silent": True})
    run.log({"loss": 0})
    with started(server, monkeypatch) as engine:
        engine.watching.start([watched(work, server)])
        until(lambda: [one.rows_acknowledged for one in shown(engine)] == [1], "it is sent")
        (first,) = shown(engine)
        sync_now(engine)
        begin(engine, [SyncRequest((Path(first.path),), server.url, **words)])
        for step in range(1, 50):
            run.log({"loss": step})
        run.finish()
        until(verified(engine, 1), "it is verified")
        (last,) = shown(engine)
        assert (last.key, last.rows) == (first.key, 50)
        begin(engine, [SyncRequest((Path(first.path),), server.url, **words)])
        until(verified(engine, 1), "it is verified again")
        assert [one.key for one in shown(engine)] == [first.key]
        assert engine._jobs == []


def test_what_is_held_back_is_sent_as_its_folder_says(
    server: Server, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runferry.init(dir=str(work), project="vision", id="lively", settings={"console": "off", "silent": True})
    run.log({"loss": 0})
    with started(server, monkeypatch) as engine:
        engine.watching.start([watched(work, server, FolderMode.ASK)])
        until(lambda: [bool(one.held) for one in shown(engine)] == [True], "it waits")
        sync_now(engine)
        assert [one.held for one in shown(engine)] == [""]
        run.log({"loss": 1})
        until(lambda: [one.rows_acknowledged for one in shown(engine)] == [2], "it is followed")
        run.finish()
        until(verified(engine, 1), "it is verified")


def test_what_is_held_back_is_shown_once_while_it_is_sent(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(server, monkeypatch) as engine:
        engine.pause("", None)
        engine.watching.start([watched(work, server, FolderMode.ASK)])
        until(lambda: len(shown(engine)) == 1, "it waits")
        begin(engine, [SyncRequest((dropped,), server.url)])
        for found in (shown(engine), engine.statuses({str(dropped)})):
            assert [one.held for one in found] == [""]


def test_measurements_that_come_late_are_sent_to_where_a_run_was_dropped(
    server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(server, monkeypatch) as engine:
        begin(engine, [SyncRequest((dropped,), server.url, project="elsewhere")])
        until(verified(engine, 1), "it is verified")
        engine._look()
        sample: dict[str, Any] = {"_timestamp": time.time(), "_runtime": 1.0, "system.cpu": 3.0}
        (dropped / "runferry-samples-node-1.jsonl").write_text(json.dumps(sample) + "\n")
        engine._look()
        assert len(shown(engine)) == 1
        until(lambda: stores.read(server.data, "dropped", "elsewhere").events, "they are sent")
        until(verified(engine, 1), "it is verified again")


def test_settings_of_a_folder_leave_alone_what_was_asked_for(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = watched(work, server)
    with started(server, monkeypatch) as engine:
        engine.watching.start([folder])
        until(verified(engine, 1), "it is verified")
        begin(engine, [SyncRequest((dropped,), server.url, project="elsewhere")])
        until(verified(engine, 2), "it is verified in both places")
        engine.watching.use("named", [replace(folder, min_steps=1)])
        assert sorted(one.project for one in shown(engine)) == ["elsewhere", "vision"]
        engine.pause("", None)
        waiting = record(work, "waiting")
        until(lambda: len(shown(engine)) == 3, "another is found")
        begin(engine, [SyncRequest((waiting,), server.url)])
        engine.watching.use("named", [])
        assert sorted(one.run_id for one in shown(engine)) == ["dropped", "waiting"]
        engine.resume("")
        until(verified(engine, 2), "it is sent all the same")


def test_a_watched_folder_does_not_widen_what_may_be_sent(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher may find a run before what was asked for it is read."""
    with started(server, monkeypatch) as engine:
        engine.pause("", None)
        begin(engine, [SyncRequest((dropped,), server.url, metrics_only=True)])
    with started(server, monkeypatch) as engine:
        engine.watching.start([watched(work, server)])
        until(lambda: len(engine.run_at(str(dropped))) == 1, "it is found")
        engine.remembered.begin()
        (run,) = engine.run_at(str(dropped))
        until(lambda: run.wishes.metrics_only, "it is as it was asked for")


def test_a_folder_that_cannot_be_looked_at_hides_no_others(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = record(work, "other")
    with started(server, monkeypatch) as engine:
        begin(engine, [SyncRequest((dropped, other), server.url)])
        until(verified(engine, 2), "they are verified")
    real = os.stat

    def dead(path: Any, *words: Any, **more: Any) -> os.stat_result:
        if str(path).startswith(str(dropped)):  # as a file server that does not answer; for root no folder is closed
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *words, **more)

    with started(server, monkeypatch) as engine:
        with monkeypatch.context() as patch:
            patch.setattr(os, "stat", dead)
            engine.remembered.begin()
        assert [one.run_id for one in shown(engine)] == ["other"]
    with started(server, monkeypatch) as engine:
        engine.remembered.begin()
        assert len(shown(engine)) == 2


def test_a_drop_that_cannot_be_remembered_is_sent(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = record(work, "other")
    with started(server, monkeypatch) as engine:

        def full(*_: object) -> None:
            raise NeedsUser("disk-full", "The disk is full", "state.db.", "Make room.")

        monkeypatch.setattr(engine.remembered, "keep", full)
        found = begin(engine, [SyncRequest((one,), server.url) for one in (dropped, other)])
        assert len(found) == 2
        until(verified(engine, 2), "both are sent")
        assert engine._jobs == []


def test_a_run_is_shown_once_at_any_moment(server: Server, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        record(work, f"r{number}")
    with started(server, monkeypatch) as engine:
        engine.watching.start([watched(work, server)])

        def once() -> bool:
            keys = [one.key for one in shown(engine)]
            assert len(keys) == len(set(keys))
            return verified(engine, 30)()

        until(once, "all are verified")


def test_what_was_refused_elsewhere_does_not_send_a_run_that_waits(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to another place that somebody asked for was begun, and did not end; this folder's was not asked for."""
    folder = replace(watched(work, server, FolderMode.AUTO), added=time.time() + 60)
    monkeypatch.setattr(held, "_is_server", lambda *_: True)  # this one is reached by its address, not as "local"
    with started(server, monkeypatch) as engine:
        engine.watching.start([folder])
        until(lambda: [bool(one.held) for one in shown(engine)] == [True], "it waits")
        for words in ({"project": "elsewhere"}, {"is_new": True}):
            engine.finish(engine.sync(SyncRequest((dropped,), server.url, **words)))
        until(lambda: len(stores.runs_of(server.data)) == 2, "they are begun")
    with started(server, monkeypatch) as engine:
        with engine._database.transaction() as db:
            db.execute("UPDATE deliveries SET state = 'problem'")
        engine.watching.start([folder])
        until(lambda: [bool(one.held) for one in shown(engine)] == [True], "it waits again")


@pytest.mark.parametrize("is_first", [True, False], ids=["remembered first", "watched first"])
def test_what_was_dropped_and_is_watched_is_one_after_a_restart(
    server: Server, work: Path, dropped: Path, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    lively = runferry.init(dir=str(work), project="vision", id="lively", settings={"console": "off", "silent": True})
    lively.log({"loss": 0})
    with started(server, monkeypatch) as engine:
        live = next((work / "wandb").glob("offline-run-*-lively"))
        begin(engine, [SyncRequest((dropped, live), server.url, project="vision")])
        until(lambda: sorted(one.rows_acknowledged for one in shown(engine)) == [1, 1], "both are sent")
        until(lambda: [one.run_id for one in engine.settled.statuses()] == ["dropped"], "one is done")
    with started(server, monkeypatch) as engine:
        for is_remembering in (is_first, not is_first):
            if is_remembering:
                engine.remembered.begin()
            else:
                engine.watching.start([watched(work, server)])
                until(lambda: len(engine.watching.runs()) == 1, "the live one is found")
        assert sorted(one.run_id for one in shown(engine)) == ["dropped", "lively"]
        engine.watching.use("named", [])
        assert sorted(one.run_id for one in shown(engine)) == ["dropped", "lively"]
        lively.finish()


@pytest.mark.parametrize("can_remember", [True, False])
def test_a_run_is_uploaded_as_new(
    server: Server, dropped: Path, monkeypatch: pytest.MonkeyPatch, can_remember: bool
) -> None:
    with started(server, monkeypatch) as engine:
        begin(engine, [SyncRequest((dropped,), server.url)])
        until(verified(engine, 1), "it is verified")

        def full(*_: object) -> None:
            raise NeedsUser("disk-full", "The disk is full", "state.db.", "Make room.")

        if not can_remember:
            monkeypatch.setattr(engine.remembered, "keep", full)
        upload_as_new(engine, str(dropped), server.url)
        until(verified(engine, 2), "it is there twice")
        assert engine._jobs == []
    assert len(stores.runs_of(server.data)) == 2


def test_a_dry_run_that_was_sent_in_part_and_waits_again_is_no_problem_of_its_server(
    server: Server, work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("not followed")
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    run = runferry.init(dir=str(work), project="vision", id="dry", settings={"console": "off", "silent": True})
    run.log({"loss": 0})
    run.save(str(elsewhere), base_path=str(tmp_path))
    run.finish()
    (folder,) = (work / "wandb").glob("offline-run-*-dry")
    watch = watched(work, server, FolderMode.AUTO)
    with started(server, monkeypatch) as engine:
        begin(engine, [SyncRequest((folder,), server.url)])
        until(lambda: [one.error for one in shown(engine) if one.error], "it is sent, but for the link")
        assert [one.about for one in engine.snapshot().problems] == [About.RUN]
    with started(server, monkeypatch) as engine:
        engine.watching.start([watch])
        until(lambda: len(engine.watching.held()) == 1, "it waits to be asked for again")
        assert engine.snapshot().problems == ()
