"""The wall clock jumps by years, forward or back, while runs are delivered: nothing is lost, closed early or kept
waiting for years, and no thread ends."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.engine.choice import Choice
from runferry.engine.engine import Engine
from runferry.engine.watched import WatchedFolder
from runferry.formats.liveness import Life
from runferry.paths import Home
from runferry.settings import Settings
from runferry.status import RunState, RunStatus, SyncState

YEARS = 20 * 365 * 86400.0
TRAINING = """
import pathlib, sys, time, runferry
run = runferry.init(project="p", id="jumping")
step = 0
while not pathlib.Path("stop").exists():
    run.log({"x": step})
    step += 1
    time.sleep(0.02)
run.finish()
pathlib.Path("rows").write_text(str(step))
"""


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def shown(engine: Engine) -> RunStatus | None:
    return next(iter(engine.snapshot().runs), None)


@pytest.mark.parametrize("jump", [YEARS, -YEARS], ids=["forward", "back"])
def test_a_live_run_is_delivered_through_a_jump(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, jump: float
) -> None:
    """This process's clock jumps, by its functions, since setting a computer's would need another computer; files and
    the training keep the time of before, as those of another machine do."""
    home = Home(tmp_path / "config", tmp_path / "state", tmp_path / "logs", tmp_path / "store")
    real = time.time
    watched = tmp_path / "watched"
    watched.mkdir()
    (tmp_path / "train.py").write_text(TRAINING)
    with Engine(home, Settings().changed(local_server_port=49_000 + os.getpid() % 10_000), {}) as engine:
        engine.watching.start([WatchedFolder(watched, Choice("local", "test"))])
        training = subprocess.Popen(
            [sys.executable, str(tmp_path / "train.py")], cwd=tmp_path, env={**os.environ, "WANDB_DIR": str(watched)}
        )
        try:
            until(lambda: (run := shown(engine)) is not None and run.rows_acknowledged > 20)
            monkeypatch.setattr(time, "time", lambda: real() + jump)
            before = shown(engine)
            assert before is not None
            until(lambda: (run := shown(engine)) is not None and run.rows_acknowledged > before.rows_acknowledged + 50)
            run = shown(engine)
            assert run is not None
            assert run.run_state in (RunState.RUNNING, RunState.QUIET)
            assert run.state is not SyncState.PROBLEM
        finally:
            (tmp_path / "stop").touch()
            assert training.wait(30) == 0
        rows = int((tmp_path / "rows").read_text())
        done = (rows, RunState.FINISHED, SyncState.VERIFIED)
        until(lambda: (run := shown(engine)) is not None and (run.rows_acknowledged, run.run_state, run.state) == done)
        assert engine.faults == {}
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_change_in_the_future_is_not_young_for_years() -> None:
    now = 1_800_000_000.0
    assert Life(now, now + YEARS).is_quiet
    assert Life(now, now - YEARS).is_quiet
    assert not Life(now, now + 5).is_quiet


class Set:
    """A clock that a test sets: what a wall shows, and what has passed."""

    wall = 1_800_000_000.0
    passed = 1000.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    wait = SystemClock.wait


def test_a_pause_of_an_hour_lasts_an_hour_though_the_clock_is_set_back(tmp_path: Path) -> None:
    home, clock = Home(tmp_path, tmp_path / "state", tmp_path / "logs", tmp_path / "store"), Set()
    with Engine(home, Settings(), {}, clock) as engine:  # type: ignore[arg-type]
        engine.pause("", clock.wall + 3600)
        clock.wall -= YEARS
        clock.passed += 3599
        assert engine.pauses.look() == []
        clock.passed += 2
        assert engine.pauses.look() == [""]
        engine.try_now()
        engine.pause("", clock.wall + 3600)
        clock.wall += 3601  # the computer slept
        assert engine.pauses.look() == [""]
