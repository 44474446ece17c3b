"""`config`: what it takes, and that every change is in the log."""

from __future__ import annotations

import argparse
import enum
import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from runferry.errors import UsageError


class Colour(enum.Enum):
    RED = 1


def test_items_attributes_and_nested_ones(start: Any, log: Any, folder: Any) -> None:
    run = start(config={"lr": 0.1, "net": {"layers": 2, "act": {"name": "relu"}}})
    assert run.config.lr == 0.1
    assert run.config["net"].layers == 2
    assert run.config.net["act"]["name"] == "relu"
    run.config.epochs = 5
    run.config["net"]["layers"] = 3
    run.config.net.act.name = "gelu"
    run.config.update({"a": 1}, b=2)
    run.config.setdefaults({"a": 9, "c": 3})
    run.config.net |= {"extra": 1}
    del run.config["b"]
    run.finish()
    expected = {
        "lr": 0.1, "net": {"layers": 3, "act": {"name": "gelu"}, "extra": 1}, "epochs": 5, "a": 1, "c": 3,
    }  # fmt: skip
    assert run.config == expected
    assert {key: value for key, value in log().config.items() if key != "_wandb"} == expected
    written = yaml.safe_load((folder() / "files" / "config.yaml").read_text())
    assert written == {key: {"value": value} for key, value in expected.items()}


def test_a_replaced_dict_is_replaced_for_readers_that_merge(start: Any, log: Any) -> None:
    run = start(config={"n": {"a": 1, "b": {"c": 2, "d": 3}}})
    run.config.n = {"b": {"c": 5}}
    run.finish()
    assert log().config["n"] == {"b": {"c": 5}}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (math.nan, math.nan), (Colour.RED, "RED"), ({3, 1, 2}, [1, 2, 3]), (b"x", "x"), ((1, 2), [1, 2]), (None, None),
        (Path("a") / "b", "a/b"), (len, "builtins.len"), (json.dumps, "json.dumps"), (range(3), [0, 1, 2]),
        ({1: {2: 3}}, {"1": {"2": 3}}),
    ],
)  # fmt: skip
def test_values(start: Any, log: Any, value: Any, kept: Any) -> None:
    run = start(config={"before": value})
    run.config["after"] = value
    run.finish()
    for name in ("before", "after"):
        assert repr(log().config[name]) == repr(kept)


def test_what_config_may_be(start: Any, place: Path) -> None:
    (place / "config.json").write_text('{"lr": 3}')
    assert start(config=argparse.Namespace(lr=1)).config.lr == 1
    assert start(config=type("Flags", (), {"flag_values_dict": lambda self: {"lr": 2}})()).config.lr == 2
    assert start(config=str(place / "config.json")).config.lr == 3
    assert start(config={"a": 1, "b": 2}, config_include_keys=["a"]).config == {"a": 1}
    assert start(config={"a": 1, "b": 2}, config_exclude_keys=["a"]).config == {"b": 2}


@pytest.mark.parametrize("config", [5, ["x"], "missing.json", "bad.json"])
def test_what_config_may_not_be(start: Any, place: Path, config: Any) -> None:
    (place / "bad.json").write_text("{")
    with pytest.raises(UsageError, match="config"):
        start(config=config)
    assert not list(place.glob("wandb/*run*"))


def test_a_changed_value_is_taken_and_told_once(start: Any, log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = start(config={"lr": 1}, settings={"silent": False})
    run.config.lr = 1
    run.config.update({"lr": 2}, allow_val_change=True)
    assert "was changed" not in capsys.readouterr().err
    run.config.lr = 3
    run.config.lr = 4
    run.finish()
    assert capsys.readouterr().err.count("was changed") == 1
    assert log().config["lr"] == 4


def test_missing_items(start: Any) -> None:
    run = start(config={"lr": 1})
    with pytest.raises(KeyError):
        run.config["x"]
    with pytest.raises(AttributeError, match="there are: lr"):
        _ = run.config.x
    assert run.config.get("x", 2) == 2
    assert run.config.pop("x", 5) == 5
    assert run.config.setdefault("y", 7) == 7


def test_it_travels_as_a_plain_dict(start: Any) -> None:
    run = start(config={"net": {"a": [1]}})
    assert json.loads(json.dumps(run.config)) == {"net": {"a": [1]}}
    there = pickle.loads(pickle.dumps(run.config.net))
    assert there == {"a": [1]}
    assert type(there) is dict
    assert dict(**run.config.net) == {"a": [1]}
