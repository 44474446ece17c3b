"""Suspended machines and clocks that are set: no wrong rate, no row that runs backwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runferry.metrics.averaging import Averager
from runferry.metrics.elapsed import Elapsed, SystemClocks
from runferry.metrics.rows import RowMaker
from support.measuring import FakeClocks


def test_the_time_between_two_measurements() -> None:
    clocks = FakeClocks()
    elapsed = Elapsed(clocks, 2.0)
    assert elapsed.lap() is None
    clocks.go_on(2.0)
    assert elapsed.lap() == pytest.approx(2.0)


def test_after_a_sleep_nothing_is_compared() -> None:
    clocks = FakeClocks()
    elapsed = Elapsed(clocks, 2.0)
    elapsed.lap()
    clocks.go_on(1.0)
    clocks.sleep(3600.0)
    assert elapsed.lap() is None
    clocks.go_on(2.0)
    assert elapsed.lap() == pytest.approx(2.0)


def test_setting_the_clock_changes_no_rate() -> None:
    clocks = FakeClocks()
    elapsed = Elapsed(clocks, 2.0)
    elapsed.lap()
    clocks.go_on(2.0)
    clocks.wall -= 7200.0
    assert elapsed.lap() == pytest.approx(2.0)


def test_a_pause_of_our_own_process_is_not_taken_for_an_interval() -> None:
    clocks = FakeClocks()
    elapsed = Elapsed(clocks, 2.0)
    elapsed.lap()
    clocks.go_on(300.0)  # SIGSTOP, a debugger
    assert elapsed.lap() is None


def test_the_clocks_of_this_machine_go_on() -> None:
    clocks = SystemClocks()
    assert clocks.running() >= clocks.monotonic() - 1.0
    assert clocks.time() > 1.6e9


def made(row: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row)
    return found


def test_a_row_has_the_form_of_wandbs() -> None:
    clocks = FakeClocks(time=1100.0)
    row = made(RowMaker(1090.0, clocks).row({"cpu": 12.5, "gpu.0.temp": 40.0}, 1100.0))
    assert row == {
        "_wandb": True, "_timestamp": 1100.0, "_runtime": 10.0, "system.cpu": 12.5, "system.gpu.0.temp": 40.0,
    }  # fmt: skip


def test_the_runtime_goes_on_when_the_clock_is_set_back_and_counts_sleep() -> None:
    clocks = FakeClocks(time=1100.0)
    maker = RowMaker(1090.0, clocks)
    clocks.go_on(5.0)
    clocks.wall -= 3600.0
    assert made(maker.row({}, clocks.time()))["_runtime"] == pytest.approx(15.0)
    clocks.sleep(100.0)
    assert made(maker.row({}, clocks.time()))["_runtime"] == pytest.approx(115.0)


def test_counters_begin_at_zero_and_never_go_back() -> None:
    maker = RowMaker(0.0, FakeClocks())
    sent = [made(maker.row({"network.sent": value}, 1.0))["system.network.sent"] for value in (500.0, 800.0, 3.0, 10.0)]
    assert sent == [0.0, 300.0, 300.0, 307.0]


def test_after_a_restart_of_the_app_counters_go_on() -> None:
    maker = RowMaker(0.0, FakeClocks(), {"system.network.sent": 300.0, "system.cpu": 99.0, "_runtime": 5.0})
    assert made(maker.row({"network.sent": 4000.0, "cpu": 1.0}, 1.0))["system.network.sent"] == 300.0
    assert made(maker.row({"network.sent": 4100.0, "cpu": 1.0}, 2.0))["system.network.sent"] == 400.0


def test_what_is_no_number_is_left_out() -> None:
    row = made(RowMaker(0.0, FakeClocks()).row({"cpu": float("nan"), "memory_percent": float("inf")}, 1.0))
    assert set(row) == {"_wandb", "_timestamp", "_runtime"}


def test_levels_are_averaged_counters_are_not_and_rates_are_for_people_only() -> None:
    averager = Averager(2, first=2)
    averager.add({"cpu": 10.0, "network.sent": 5.0, "rate.network.sent": 1.0})
    assert averager.add({"cpu": 20.0, "network.sent": 50.0}) == {"cpu": 15.0, "network.sent": 50.0}


def test_a_window_is_full_after_so_many_measurements_and_the_first_row_comes_early() -> None:
    averager = Averager(3, first=2)
    assert averager.add({"cpu": 10.0}) is None
    assert averager.add({"cpu": 20.0, "gpu.0.gpu": 80.0}) == {"cpu": 15.0, "gpu.0.gpu": 80.0}
    found = [averager.add({"cpu": value}) for value in (1.0, 2.0, 6.0)]
    assert found == [None, None, {"cpu": 3.0}]


def test_without_averaging_each_measurement_is_a_row() -> None:
    averager = Averager(1, first=2)
    assert [averager.add({"cpu": value}) for value in (1.0, 2.0)] == [{"cpu": 1.0}, {"cpu": 2.0}]
