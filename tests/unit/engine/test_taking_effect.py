"""Changed settings are in force at once, in parts that run already: threads, intervals, timeouts, wishes, the port."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runferry
from runferry.clock import SystemClock
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.job import SyncRequest
from runferry.paths import find_home
from runferry.settings import Settings
from runferry.sync.scheduler import Scheduler

PATIENCE = 20.0
NOWHERE = "http://127.0.0.1:1"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def engine() -> Iterator[Engine]:
    home = find_home()
    environ = {"WANDB_API_KEY": "k" * 40, "WANDB_BASE_URL": NOWHERE}
    with Engine(home, Settings.load(home.settings_file, environ), environ) as made:
        yield made


def workers() -> int:
    return sum(one.name.startswith("sync-") and one.is_alive() for one in threading.enumerate())


def test_more_and_fewer_runs_at_once(engine: Engine) -> None:
    until(lambda: workers() == 3)
    engine.change_settings(parallel_uploads=6)
    until(lambda: workers() == 6)
    engine.change_settings(parallel_uploads=1)
    until(lambda: workers() == 1)
    engine.change_settings(parallel_uploads=4)
    until(lambda: workers() == 4)


def test_a_queue_that_does_not_run_begins_with_the_new_number() -> None:
    queue = Scheduler(SystemClock(), 2)
    queue.resize(5)
    assert workers() == 0
    queue.start()
    until(lambda: workers() == 5)
    queue.stop()
    assert workers() == 0


def test_timeouts_of_connections_that_are_made(engine: Engine) -> None:
    connection = engine.connections.get(Choice(NOWHERE, "test"), engine.environ)
    engine.change_settings(connect_timeout=3.0, request_timeout=7.0)
    assert connection.session._timeout == (3.0, 7.0)


def test_the_log_level(engine: Engine) -> None:
    before = logging.getLogger("runferry").level
    try:
        engine.change_settings(log_level="debug")
        assert logging.getLogger("runferry").level == logging.DEBUG
    finally:
        logging.getLogger("runferry").setLevel(before)


def test_intervals_of_folders_that_are_watched(engine: Engine) -> None:
    engine.watching.begin()
    engine.change_settings(rescan_interval=17.0, poll_interval=0.5)
    watcher = engine.watching._watcher
    assert watcher is not None
    assert watcher._scanner.rescan_interval == 17.0
    assert watcher._follower.interval == 0.5


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = runferry.init(project="p", dir=tmp_path)
    run.log({"loss": 1.0})
    run.finish()
    (found,) = (tmp_path / "wandb").glob("offline-run-*")
    return found


def test_runs_follow_intervals_and_wishes(engine: Engine, folder: Path) -> None:
    (run,) = engine.sync(SyncRequest((folder,), server=NOWHERE)).runs
    engine.change_settings(upload_interval_loopback=9.0, quiet_after=77.0)
    until(lambda: (run._means.interval, run._means.quiet_after) == (9.0, 77.0))
    assert not run.wishes.metrics_only
    engine.change_settings(metrics_only=True)
    until(lambda: run.wishes.metrics_only)


def test_a_run_for_which_somebody_asked_otherwise_keeps_its_wishes(engine: Engine, folder: Path) -> None:
    (run,) = engine.sync(SyncRequest((folder,), server=NOWHERE, metrics_only=True)).runs
    engine.change_settings(console=False)
    engine.change_settings(upload_interval_loopback=9.0)
    until(lambda: run._means.interval == 9.0)
    assert run.wishes.metrics_only
    assert run.wishes.console, "nobody asked for less than the sheet said"


def test_two_edits_at_a_time_lose_nothing(engine: Engine) -> None:
    def edit(name: str, value: float) -> None:
        engine.edit_settings(lambda settings: settings.changed(**{name: value}).save())

    asked = {"connect_timeout": 4.0, "request_timeout": 5.0, "quiet_after": 60.0, "upload_interval": 2.0}
    threads = [threading.Thread(target=edit, args=one) for one in asked.items()]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {name: engine.settings.get(name) for name in asked} == asked
    assert {name: Settings.load(engine.home.settings_file, {}).get(name) for name in asked} == asked


def test_the_local_server_moves_to_another_port(engine: Engine) -> None:
    first = engine.connections.local()
    port = int(first.url.rpartition(":")[2])
    taken = port + 1 if port < 65535 else port - 1
    engine.change_settings(local_server_port=taken)
    now = engine.local_server.look()
    assert now.is_running
    assert now.store == first.store
    assert now.url != first.url
