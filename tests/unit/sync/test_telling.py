"""Which metric is shown of a run where there is room for one."""

from __future__ import annotations

import pytest

from runferry.sync.telling import telling_metric


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({}, ""),
        ({"_step": "3", "note": '"loss"'}, ""),
        ({"epoch": "3", "loss": "0.23123456", "acc": "0.9"}, "loss 0.2312"),
        ({"lr": "1e-4", "train": {"val_loss": "2"}}, "train.val_loss 2"),
        ({"lr": "1e-4", "step_time": "2.5"}, "lr 0.0001"),
        ({"loss": "NaN", "accuracy": "0.5"}, "accuracy 0.5"),
        ({"loss": '{"_type": 1}', "a/acc": "-1"}, "a/acc -1"),
    ],
)
def test_one_number_that_tells(summary: dict[str, object], said: str) -> None:
    assert telling_metric(summary) == said  # type: ignore[arg-type]
