"""Curves from a log: every number, decimated without losing a peak, followed while the log grows."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

import runferry
from runferry.engine.curves import CurveReader
from runferry.engine.own_steps import OwnSteps
from runferry.engine.series import MOST_POINTS, Series
from runferry.errors import AppError
from runferry.formats.entries import MetricRule


@pytest.mark.parametrize("count", [1, 3999, 4001, 50_000, 123_457])
def test_a_long_curve_stays_short_and_keeps_its_peaks_and_its_end(count: int) -> None:
    chance = random.Random(count)
    values = [chance.random() for _ in range(count)]
    values[count // 3] = 99.0
    values[count // 2] = -99.0 if count > 2 else values[count // 2]
    series = Series()
    for step, value in enumerate(values):
        series.add(step, value, 1000.0 + step)
    points = series.points()
    assert len(points) <= MOST_POINTS
    assert len(points) >= min(count, MOST_POINTS // 4)
    assert list(points.steps) == sorted(set(points.steps)), "in order, no point twice"
    assert points.steps[-1] == count - 1
    assert {int(step): value for step, value in zip(points.steps, points.values, strict=True)}.items() <= dict(
        enumerate(values)
    ).items(), "every point was logged"
    assert max(points.values) == max(values)
    assert min(points.values) == min(values)
    assert all(when == 1000.0 + step for step, when in zip(points.steps, points.times, strict=True))


def test_gaps_stay_gaps() -> None:
    series = Series(64)
    for step in range(1000):
        series.add(step, math.inf if 400 <= step < 600 else float(step % 7), 0.0)
    points = series.points()
    inside = [value for step, value in zip(points.steps, points.values, strict=True) if 450 <= step < 550]
    assert inside
    assert all(math.isnan(value) for value in inside)
    assert series.count == 1000
    assert len(points) <= 64


def read(reader: CurveReader) -> None:
    while reader.advance() and not reader.at_end:
        pass


def test_a_growing_log_is_followed(tmp_path: Path) -> None:
    run = runferry.init(dir=str(tmp_path), settings={"console": "off", "silent": True})
    reader = CurveReader(tmp_path / "wandb" / "latest-run")
    for step in range(50):
        run.log({"loss": 1 / (step + 1), "deep": {"a": {"b": step}}, "flag": True, "text": "x", "odd": math.nan})
    read(reader)
    assert set(reader.metrics()) == {"loss", "deep.a.b", "odd"}
    assert list(reader.points("loss").values) == [1 / (step + 1) for step in range(50)]
    assert list(reader.points("deep.a.b").steps) == list(range(50))
    assert all(math.isnan(value) for value in reader.points("odd").values)
    assert not reader.advance(), "nothing new"
    run.log({"loss": 7.0})
    assert reader.advance()
    assert reader.last("loss") == 7.0
    assert len(reader.points("loss")) == 51
    assert reader.points("loss").times[-1] > 1e9
    assert reader.last("nothing") is None
    run.finish()


def test_one_call_does_a_bounded_piece(tmp_path: Path) -> None:
    run = runferry.init(dir=str(tmp_path), settings={"console": "off", "silent": True})
    for step in range(20_000):
        run.log({"a": step, "b": -step, "c": step / 3})
    run.finish()
    ticks = iter(range(1_000_000))
    reader = CurveReader(tmp_path / "wandb" / "latest-run", at_once=1.0, now=lambda: float(next(ticks)))
    calls = 0
    while not reader.at_end:
        assert reader.advance()
        calls += 1
    assert calls > 2
    assert reader.progress == 1.0
    assert reader.points("a").steps[-1] == 19_999
    assert len(reader.points("c")) <= MOST_POINTS


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        CurveReader(tmp_path).advance()
    assert caught.value.slug == "not-a-run"


def test_a_metric_with_steps_of_its_own_tells_where_it_is_on_them(tmp_path: Path) -> None:
    run = runferry.init(dir=str(tmp_path), settings={"console": "off", "silent": True})
    run.define_metric("epoch")
    run.define_metric("val/*", step_metric="epoch")
    for step in range(20):
        run.log({"loss": float(step), "epoch": step // 5})
        if step % 5 == 4:
            run.log({"val/score": step * 10.0, "epoch": step // 5})
    run.finish()
    reader = CurveReader(tmp_path / "wandb" / "latest-run")
    read(reader)
    assert reader.step_metric("val/score") == "epoch"
    assert list(reader.points("val/score").own) == [0.0, 1.0, 2.0, 3.0]
    for metric in ("loss", "epoch"):
        assert reader.step_metric(metric) == ""
        assert len(reader.points(metric).own) == 0


def test_steps_of_its_own_stay_beside_their_values_in_a_long_curve() -> None:
    series = Series(64, has_own=True)
    for step in range(10_000):
        series.add(float(step), float(step * 7919 % 1000), 0.0, step / 10)
    points = series.points()
    assert len(points) <= 64
    assert len(points.own) == len(points)
    assert [one * 10 for one in points.own] == pytest.approx(list(points.steps))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("val/score", "epoch"),
        ("val/exact", "batch"),
        ("a.b", "epoch"),
        ("loss", ""),
        ("epoch", ""),
        ("odd[1]", ""),
    ],
)
def test_an_exact_rule_comes_before_a_glob(metric: str, expected: str) -> None:
    steps = OwnSteps()
    assert steps.of(metric) == ""
    steps.learn(
        [
            MetricRule(glob="val/*", step_metric="epoch"),
            MetricRule(name="val/exact", step_metric="batch"),
            MetricRule(name="a\\.b", step_metric="epoch"),
            MetricRule(name="epoch", step_metric="epoch"),
            MetricRule(glob="odd[1]*", step_metric=""),
        ]
    )
    assert steps.of(metric) == expected
