"""Metrics that others are plotted over (`define_metric(step_metric=…, step_sync=True)`).

A row that lacks the step metric of one of its metrics gets that metric's latest value, as wandb-core does it.
"""

from __future__ import annotations

from typing import Any, Callable

from runferry.recorder.metrics import MetricRules, Path, split_name
from runferry.recorder.rows import leaves


class StepMetrics:
    """`latest` gives the value that stood in the summary before a metric became a step metric, or None."""

    def __init__(self, rules: MetricRules, latest: Callable[[Path], Any]) -> None:
        self._rules = rules
        self._latest = latest
        self._seen: dict[Path, Any] = {}

    def fill(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with what it lacks; the row itself is left as it is."""
        present = dict(leaves(row))
        for path in self._rules.step_paths:
            if path in present:
                self._seen[path] = present[path]
        for path in present:
            rule = self._rules.rule_for(path)
            if rule is None or not rule.step_sync or not rule.step_metric:
                continue
            wanted = split_name(rule.step_metric)
            if wanted not in present:
                value = self._seen.get(wanted)
                value = self._latest(wanted) if value is None else value
                if isinstance(value, (int, float)):
                    row = _with(row, wanted, value)
        return row


def _with(row: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of `row` with `value` at `path`."""
    below = row.get(path[0])
    if len(path) > 1:
        value = _with(below if isinstance(below, dict) else {}, path[1:], value)
    return {**row, path[0]: value}
