"""What is remembered of charts, and which metrics are shown where nobody chose."""

from __future__ import annotations

import json
import math

from runferry.desktop.run.chart_choice import OF_HOSTS, ChartChoice, telling
from runferry.desktop.run.figures import XAxis


def test_a_choice_survives_json() -> None:
    choice = ChartChoice(("b", "a"), 0.25, XAxis.WALL, frozenset({"a"}))
    assert ChartChoice.from_dict(json.loads(json.dumps(choice.as_dict()))) == choice
    assert ChartChoice.from_dict(ChartChoice().as_dict()) == ChartChoice()


def test_nonsense_is_left_at_its_default() -> None:
    broken = {"metrics": "loss", "smoothing": "much", "axis": 4, "log": {"a": 1}}
    assert ChartChoice.from_dict(broken) == ChartChoice()
    assert ChartChoice.from_dict({"smoothing": math.nan}).smoothing == 0.6
    assert ChartChoice.from_dict({"smoothing": 7}).smoothing == 0.99
    assert ChartChoice.from_dict({"metrics": [1, "a", None]}).metrics == ("a",)


def test_losses_come_first_and_internal_ones_last() -> None:
    names = ["_runtime", "grad_norm", "lr", "epoch", "val/accuracy", "something", "train/loss", "reward"]
    assert telling(names, 8) == (
        "train/loss",
        "val/accuracy",
        "reward",
        "something",
        "lr",
        "epoch",
        "grad_norm",
        "_runtime",
    )
    assert len(telling([f"m{i}" for i in range(50)])) == 6


def test_another_run_of_the_project_may_lack_what_was_chosen() -> None:
    choice = ChartChoice(("a", "b"))
    assert choice.shown(["b", "c"]) == ("b",)
    assert choice.shown(["c", "loss"]) == ("loss", "c")
    assert ChartChoice(()).shown(["c"]) == ()


def test_of_a_computer_the_run_itself_comes_first() -> None:
    names = [
        "availableMB",
        "disk",
        "host.cpu",
        "load.1",
        "memory_percent",
        "proc.memory.rssMB",
        "proc.processes",
        "cpu",
    ]
    choice = ChartChoice(first=OF_HOSTS)
    assert choice.shown(names, 5) == ("cpu", "proc.memory.rssMB", "host.cpu", "memory_percent", "availableMB")
    assert choice.shown(names, 2) == ("cpu", "proc.memory.rssMB")
    assert ChartChoice(("disk",), first=OF_HOSTS).shown(names) == ("disk",)
