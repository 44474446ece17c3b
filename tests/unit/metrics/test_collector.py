"""What becomes of measurements: rows that are kept, once each, whatever the disk or a process does."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from runferry.errors import NeedsUser
from runferry.metrics.collector import Collector, LiveRun
from runferry.metrics.sample import HostSample, Reading
from runferry.metrics.sampler import Options, Sampler
from runferry.metrics.series import Series
from support.measuring import FakeClocks

FULL = NeedsUser("samples-unwritable", "Full", "No space.", "Free some.")


class FakeSampler(Sampler):
    """Gives the readings of a test."""

    def __init__(self) -> None:
        self.host: dict[str, float] = {"host.cpu": 10.0}
        self.run: dict[str, float] | None = {"cpu": 1.0}
        self.kept: dict[str, tuple[int, ...]] = {}
        self.is_fresh = False
        self.closed = 0

    def keep(self, roots: Any) -> None:
        self.kept = dict(roots)

    def measure(self) -> Reading:
        run = HostSample(5.0, self.run) if self.run is not None else None
        return Reading(HostSample(5.0, self.host), dict.fromkeys(self.kept, run), self.is_fresh)

    def close(self) -> None:
        self.closed += 1


class Rig:
    """A collector whose surroundings a test decides."""

    def __init__(self, window: int = 3) -> None:
        self.clocks, self.sampler = FakeClocks(), FakeSampler()
        self.live = [LiveRun("/runs/a", (5,), 900.0)]
        self.rows: list[str] = []
        self.ended: list[str] = []
        self.failure: Exception | None = None
        self.collector = Collector(
            Options(2.0, 2.0 * window), lambda: self.live, self.keep, on_end=lambda run: self.ended.append(run.key),
            clocks=self.clocks, sampler=self.sampler,
        )  # fmt: skip

    def keep(self, run: LiveRun, rows: Sequence[str]) -> None:
        if self.failure:
            raise self.failure
        self.rows.extend(rows)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.clocks.go_on(2.0)
            self.collector.tick()


def test_the_first_row_comes_early_and_then_one_per_window() -> None:
    rig = Rig()
    rig.tick(2)
    assert len(rig.rows) == 1
    rig.tick(6)
    assert len(rig.rows) == 3
    assert json.loads(rig.rows[0])["system.host.cpu"] == 10.0


def test_a_run_that_ends_hands_on_what_was_measured() -> None:
    rig = Rig()
    rig.tick(3)
    rig.sampler.run = None
    rig.tick()
    assert len(rig.rows) == 2
    assert rig.ended == ["/runs/a"]
    assert rig.collector.latest_of("/runs/a") is None


def test_finish_hands_on_and_a_finished_run_is_not_followed_again() -> None:
    rig = Rig()
    rig.tick(3)
    rig.collector.finish("/runs/a")
    assert len(rig.rows) == 2
    rig.collector.look_again()
    rig.tick(5)
    assert len(rig.rows) == 2
    rig.collector.finish("/runs/a")
    assert len(rig.rows) == 2


@pytest.mark.parametrize("failure", [FULL, OSError(28, "No space left on device")])
def test_while_the_disk_is_full_rows_wait_and_none_comes_twice(failure: Exception) -> None:
    rig = Rig(window=1)
    rig.failure = failure
    rig.tick(4)
    assert not rig.rows
    rig.failure = None
    rig.tick()
    times = [json.loads(row)["_runtime"] for row in rig.rows]
    assert len(times) == 5
    assert times == sorted(set(times))


def test_after_a_sleep_the_window_begins_anew() -> None:
    rig = Rig()
    rig.tick(2)
    rig.sampler.run = {"cpu": 1000.0}
    rig.tick()
    rig.sampler.is_fresh, rig.sampler.run = True, {}
    rig.tick()
    rig.sampler.is_fresh, rig.sampler.run = False, {"cpu": 2.0}
    rig.tick(2)
    assert json.loads(rig.rows[-1])["system.cpu"] == 2.0


def test_a_run_that_measures_itself_is_shown_and_not_kept() -> None:
    rig = Rig(window=1)
    rig.live = [LiveRun("/runs/a", (5,), 900.0, is_kept=False)]
    rig.tick(5)
    assert rig.collector.series("/runs/a")["cpu"][1]
    rig.collector.finish("/runs/a")
    assert not rig.rows


def test_runs_that_come_later_are_followed_and_one_measurement_serves_all() -> None:
    rig = Rig(window=1)
    rig.tick()
    rig.live.append(LiveRun("/runs/b", (6, 7), 900.0))
    rig.tick()
    assert set(rig.sampler.kept) == {"/runs/a"}
    rig.collector.look_again()
    rig.tick()
    assert rig.sampler.kept == {"/runs/a": (5,), "/runs/b": (6, 7)}
    assert set(rig.collector.runs()) == {"/runs/a", "/runs/b"}


def test_a_measurement_that_fails_does_not_end_the_thread() -> None:
    rig = Rig()
    measured = threading.Event()

    def find() -> list[LiveRun]:
        if not measured.is_set():
            measured.set()
            raise RuntimeError("once")
        return rig.live

    rig.collector = Collector(Options(0.5, 0), find, rig.keep, sampler=rig.sampler)
    rig.collector.start()
    rig.collector.start()
    try:
        deadline = threading.Event()
        for _ in range(400):
            if rig.collector.runs():
                break
            rig.collector.look_again()
            deadline.wait(0.05)
        assert rig.collector.runs()
    finally:
        rig.collector.stop()
    assert rig.sampler.closed == 1
    assert rig.rows  # what was measured is handed on at the end
    rig.collector.stop()


def test_curves_keep_an_hour_and_show_gaps() -> None:
    series = Series(step=1.0, length=3)
    for number in range(5):
        series.add(float(number), 100.0 + number, {"cpu": float(number)} if number != 3 else {"gpu": 7.0})
    series.add(4.2, 104.2, {"cpu": 99.0})  # too soon
    times, values = series.columns()["cpu"]
    assert times == (102.0, 103.0, 104.0)
    assert values[0] == 2.0
    assert values[1] != values[1]
    assert values[2] == 4.0
    assert series.columns()["gpu"][1][1] == 7.0
