"""Summary and define_metric. The expected values of the first test were read from a run of wandb 0.31."""

from __future__ import annotations

import copy
import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

import runferry
from runferry.formats.log_reader import LogReader, read_all
from runferry.formats.summary import summary_json
from runferry.recorder import recording
from runferry.recorder.metrics import MetricRules


def test_the_summary_is_what_wandb_derives(start: Any, log: Any) -> None:
    run = start()
    run.define_metric("loss", summary="min")
    run.define_metric("acc", summary="max,mean,last,first")
    run.define_metric("hid", hidden=True, summary="none")
    run.log({"loss": 1.5, "acc": 0.5, "hid": 1, "none": None, "n": {"x": 1, "y": {"z": 2.0}}, "a.b": 1, "s": "text"})
    run.log({"loss": 0.5, "acc": 0.25})
    assert run.summary["loss"] == {"min": 0.5}
    run.log({"loss": math.nan, "acc": 1.0, "s": None})
    assert math.isnan(run.summary.loss["min"])
    run.summary["loss"] = 7
    run.summary["deep"] = {"k": {"m": 1}}
    run.summary["deep"]["q"] = 2
    run.log({"loss": 8})
    run.summary["gone"] = 1
    del run.summary["gone"]
    run.finish()
    summary = log().summary
    assert summary["acc"] == {"max": 1.0, "mean": pytest.approx(0.5833333), "last": 1.0, "first": 0.5}
    expected = {"loss": 8, "n": {"x": 1, "y": {"z": 2.0}}, "a.b": 1, "s": "text", "deep": {"k": {"m": 1}, "q": 2}}
    assert {key: summary[key] for key in expected} == expected
    assert summary.keys() == {*expected, "acc", "_step", "_timestamp", "_runtime", "_wandb"}
    assert summary["_step"] == 3
    assert summary["_wandb"] == {"runtime": 0}


def test_best_follows_the_goal(start: Any, log: Any) -> None:
    run = start()
    run.define_metric("up", summary="best", goal="maximize")
    run.define_metric("down", summary="best", goal="minimize")
    run.define_metric("copied", summary="copy")
    for value in (2, 5, 3):
        run.log({"up": value, "down": value, "copied": value})
    run.finish()
    summary = log().summary
    assert (summary["up"], summary["down"], summary["copied"]) == ({"best": 5}, {"best": 2}, 3)


def test_globs_and_nested_names(start: Any, log: Any) -> None:
    run = start()
    run.define_metric("val/*", summary="min")
    run.define_metric("n.x", summary="max")
    run.define_metric("val/special", summary="max")
    run.define_metric(r"lit\.dot", summary="max")
    for value in (3, 1, 2):
        run.log({"val/a": value, "val/special": value, "n": {"x": value}, "other": value, "lit.dot": value})
    run.finish()
    summary = log().summary
    assert summary["val/a"] == {"min": 1}
    assert summary["val/special"] == {"max": 3}
    assert summary["n"] == {"x": {"max": 3}}
    assert summary["lit.dot"] == {"max": 3}
    assert summary["other"] == 2


def test_texts_under_a_rule_keep_their_last_value(start: Any, log: Any) -> None:
    run = start()
    run.define_metric("*", summary="max")
    run.log({"name": "a", "on": True, "x": 1})
    run.finish()
    summary = log().summary
    assert (summary["name"], summary["on"], summary["x"]) == ("a", True, {"max": 1})
    assert isinstance(summary["_step"], int)


def test_metric_records(start: Any, log: Any) -> None:
    run = start()
    step = run.define_metric("epoch")
    run.define_metric("val/*", step_metric=step, hidden=True, summary="min", goal="minimize", overwrite=True)
    run.finish()
    first, second = log().all("metric")
    assert (first.name, first.options.defined, first.options.step_sync) == ("epoch", True, False)
    assert (second.glob_name, second.step_metric, second.name) == ("val/*", "epoch", "")
    assert (second.options.step_sync, second.options.hidden, second.summary.min, second.goal) == (True, True, True, 1)
    assert second._control.overwrite


def test_a_row_gets_the_latest_value_of_its_step_metric(start: Any, log: Any) -> None:
    run = start()
    run.log({"epoch": 1})
    run.define_metric("epoch")
    run.define_metric("acc", step_metric="epoch")
    run.define_metric("deep", step_metric="at.step")
    run.log({"acc": 0.1})
    run.log({"epoch": 2})
    run.log({"acc": 0.2, "other": 1})
    run.log({"acc": 0.3, "epoch": 7})
    run.log({"other": 2})
    run.log({"at": {"step": 5}})
    run.log({"deep": 1, "at": {"x": 1}})
    run.define_metric("late", step_metric="epoch", step_sync=False)
    run.log({"late": 1})
    run.finish()
    assert log().metrics() == [
        {"epoch": 1}, {"acc": 0.1, "epoch": 1}, {"epoch": 2}, {"acc": 0.2, "other": 1, "epoch": 2},
        {"acc": 0.3, "epoch": 7}, {"other": 2}, {"at": {"step": 5}},
        {"deep": 1, "at": {"x": 1, "step": 5}}, {"late": 1},
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "a*b"}, {"name": "a", "summary": "median"}])
def test_unusable_definitions_are_told_not_raised(start: Any, log: Any, wrong: dict[str, Any]) -> None:
    run = start()
    assert run.define_metric(**wrong) is None
    run.log({"a": 1})
    run.finish()
    assert "define_metric" in log().console
    assert log().summary["a"] == 1


def test_later_definitions_add_unless_they_overwrite() -> None:
    rules = MetricRules()
    rules.define("a", summary="min", hidden=True)
    assert rules.define("a", summary="max").hidden
    assert not rules.define("a", overwrite=True).hidden


def test_summary_records_at_most_once_a_second_and_at_the_end(start: Any, log: Any) -> None:
    run = start()
    for step in range(200):
        run.log({"x": step})
    run.summary["own"] = 1
    run.finish()
    found = log()
    assert found.kinds.count("summary") == 2
    assert found.kinds[-2:] == ["summary", "exit"]
    assert (found.summary["x"], found.summary["own"], found.summary["_step"]) == (199, 1, 199)


def test_a_summary_stands_before_its_row(start: Any, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SUMMARY_INTERVAL", 0)
    run = start()
    for step in range(3):
        run.log({"x": step})
    run.finish()
    assert log().kinds[5:] == ["summary", "history"] * 3 + ["summary", "exit"]
    summaries = log().all("summary")[:3]
    values = [item.value_json for one in summaries for item in one.update if item.nested_key[:] == ["x"]]
    assert values == ["0", "1", "2"]


def test_a_row_within_a_second_does_not_hide_an_earlier_value(start: Any, log: Any) -> None:
    run = start()
    run.log({"x": 1, "y": 1})
    run.log({"x": 2, "y": 2})
    run.log({"x": None})
    run.finish()
    assert log().summary["x"] == 2
    assert log().summary["y"] == 2


def test_the_summary_is_a_real_dict(start: Any) -> None:
    run = start()
    run.log({"a": 1, "n": {"b": 2}})
    summary = run.summary
    assert isinstance(summary, dict)
    assert {key: value for key, value in dict(summary).items() if not key.startswith("_")} == {"a": 1, "n": {"b": 2}}
    assert json.loads(json.dumps(summary))["n"] == {"b": 2}
    assert summary.get("a") == 1
    assert summary.get("zz", 5) == 5
    assert "a" in summary
    assert pickle.loads(pickle.dumps(summary))["n"] == {"b": 2}
    assert type(copy.deepcopy(summary)["n"]) is dict
    with pytest.raises(KeyError):
        summary["missing"]


def test_summary_file(start: Any, folder: Any) -> None:
    run = start()
    run.log({"a": math.nan, "n": {"b": 2}})
    run.finish()
    found = json.loads((folder() / "files" / "wandb-summary.json").read_text())
    assert math.isnan(found["a"])
    assert found["n"] == {"b": 2}
    assert Path(folder() / "files" / "config.yaml").read_text() == "{}\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([1, {"b": 2, "c": 3}, 3], 3),
        ([1, {"b": 2, "c": 3}, 3, {"b": 5}], {"b": 5}),
        ([{"b": 2, "c": 3}, 1, {"b": 5}], {"b": 5}),
        ([{"b": {"d": 1}}, {"b": 2}, {"b": {"e": 1}}], {"b": {"e": 1}}),
    ],
)
def test_a_key_that_is_a_number_then_a_dict_then_a_number(tmp_path: Path, rows: list[Any], expected: Any) -> None:
    """All within the second that one summary record stands for: the log says what the last row did."""
    run = runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True})
    for value in rows:
        run.log({"a": value})
    run.summary["gone"] = {"x": 1, "y": 1}
    del run.summary["gone"]
    run.log({"gone": {"x": 2}})
    run.finish()
    content, _ = read_all(next((tmp_path / "wandb").glob("offline-run-*/*.wandb")))
    found = json.loads(summary_json(content))
    assert (found["a"], found["gone"]) == (expected, {"x": 2})


@pytest.mark.parametrize("step", [10**30, 2**63, float("inf"), "9" * 5000])
def test_a_step_beyond_every_number_costs_no_later_row(tmp_path: Path, step: Any) -> None:
    run = runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True})
    run.log({"x": 0})
    run.log({"x": 1}, step=step)
    run.log({"x": 2}, step=7)
    run.log({"x": 3}, step=8)
    run.finish()
    batch = LogReader(next((tmp_path / "wandb").glob("offline-run-*/*.wandb"))).read(finished=True)
    rows = [json.loads(line) for line in batch.history]
    assert [(row["x"], row["_step"]) for row in rows] == [(0, 0), (1, 1), (2, 7), (3, 8)]
