"""The final summary of a run: what the log's summary records add up to, brought up to the last row where they lag.

wandb-core writes a summary record with every row, the recorder at most one a second, the old Python clients one at the
very end: a killed run of theirs has none. Then the rows tell: the last value of each key, and exact ``min``, ``max``,
``mean``, ``first``, ``last`` and ``best`` where `define_metric` asked for them. Keys that only summary records set
(`run.summary["x"] = 1`) stay as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runferry.formats.entries import MetricRule, RunContent
from runferry.formats.entries import Path as KeyPath
from runferry.formats.json_text import dumps
from runferry.formats.readers import open_reader

STATISTICS = ("min", "max", "mean", "best", "last", "first")


def summary_json(content: RunContent) -> str:
    """The summary by the records read so far, as one JSON object; NaN and infinities as W&B writes them."""
    return content.summary.text()


def is_behind(content: RunContent) -> bool:
    """Whether rows were logged that no summary record knows of."""
    if not content.rows:
        return False
    step = content.summary.tree().get("_step")
    if isinstance(step, str) and step.lstrip("-").isdigit() and content.last_step is not None:
        return int(step) < content.last_step
    return content.summary_rows < content.rows


def final_summary_json(path: Path, content: RunContent, stop: int | None = None) -> str:
    """The summary at the end of the log; goes through the log again where the records lag behind the rows.

    `content` is that of a reader which read `path` up to the byte offset `stop` (None: its end).
    """
    if not is_behind(content):
        return summary_json(content)
    return dumps(final_summary_value(path, content, stop))


def final_summary_value(path: Path, content: RunContent, stop: int | None = None) -> dict[str, Any]:
    """The same as an object, for those who do not need the numbers as they stand in the log."""
    if not is_behind(content):
        return content.summary.value()
    derived = _Derivation(content)
    reader = open_reader(path)
    row = 0
    while True:
        batch = reader.read(stop=stop, finished=True)
        for line in batch.history:
            derived.take(json.loads(line), late=row >= content.summary_rows)
            row += 1
        if batch.at_end or (stop is not None and reader.position >= stop):
            return derived.result()


def figures_of(rules: Sequence[MetricRule], summary: Mapping[str, Any]) -> dict[KeyPath, MetricRule]:
    """The keys of a summary that hold figures because a definition asked for them, each with its definition."""
    if not any(set(rule.summary) & set(STATISTICS) for rule in rules):
        return {}
    lookup = _Rules(rules)
    return dict(_figures_in(summary, (), lookup))


def _figures_in(node: Mapping[str, Any], path: KeyPath, rules: _Rules) -> Iterator[tuple[KeyPath, MetricRule]]:
    for label, value in node.items():
        if not isinstance(value, dict) or not value:
            continue
        inner = (*path, label)
        rule = rules.of(inner) if value.keys() <= set(STATISTICS) else None
        if rule is not None and set(rule.summary) & set(STATISTICS):
            yield inner, rule
        else:
            yield from _figures_in(value, inner, rules)


def count_numbers(path: Path, keys: Iterable[KeyPath], stop: int | None = None) -> dict[KeyPath, int]:
    """How many numbers the rows of a log hold under each of these keys; goes through the log."""
    counts = dict.fromkeys(keys, 0)
    reader = open_reader(path)
    while counts:
        batch = reader.read(stop=stop, finished=True)
        for line in batch.history:
            row = json.loads(line)
            for key in counts:
                counts[key] += _is_number(_value_at(row, key))
        if batch.at_end or (stop is not None and reader.position >= stop):
            break
    return counts


def _value_at(row: Any, key: KeyPath) -> Any:
    for label in key:
        row = row.get(label) if isinstance(row, dict) else None
    return row


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class _Rules:
    """Which definition is about a key: one by its name, else one whose name begins alike."""

    def __init__(self, rules: Iterable[MetricRule]) -> None:
        rules = list(rules)
        self._exact = {rule.name: rule for rule in rules if rule.name}
        self._globs = [rule for rule in rules if rule.glob]

    def of(self, path: KeyPath) -> MetricRule | None:
        names = (".".join(label.replace(".", "\\.") for label in path), ".".join(path))
        for name in names:
            if name in self._exact:
                return self._exact[name]
        if path[0].startswith("_"):
            return None
        for rule in self._globs:
            if any(name.startswith(rule.glob.removesuffix("*")) for name in names):
                return rule
        return None


@dataclass
class _Statistics:
    """Running figures of one metric. `skip_nan`: the Python clients left NaN out, wandb-core lets it win."""

    rule: MetricRule
    skip_nan: bool
    late: bool = False  # seen in a row behind the last summary record
    first: Any = None
    last: Any = None
    smallest: float = math.inf
    largest: float = -math.inf
    total: float = 0.0
    count: int = 0
    poisoned: bool = False

    def take(self, value: Any, late: bool) -> None:
        self.late = self.late or late
        self.first = value if self.first is None else self.first
        self.last = value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return
        if value != value:
            self.poisoned = self.poisoned or not self.skip_nan
            return
        self.smallest = min(self.smallest, value)
        self.largest = max(self.largest, value)
        self.total += value
        self.count += 1

    def result(self) -> Any:
        """What stands in the summary for this metric."""
        asked = self.rule.summary
        if "copy" in asked and not set(asked) & set(STATISTICS):
            return self.last
        found: dict[str, Any] = {"first": self.first, "last": self.last}
        if self.poisoned:
            found.update(dict.fromkeys(("min", "max", "mean", "best"), math.nan))
        elif self.count:
            best = self.largest if self.rule.goal == 2 else self.smallest
            found.update(min=self.smallest, max=self.largest, mean=self.total / self.count, best=best)
        return {name: found[name] for name in STATISTICS if name in asked and name in found}


class _Derivation:
    """Rows put on top of a summary that ends before them."""

    def __init__(self, content: RunContent) -> None:
        self._summary = content.summary.value()
        self._rules = _Rules(content.metrics)
        self._skip_nan = _is_python_client(content.writer)
        self._keep_null = self._skip_nan
        self._tracked: dict[tuple[str, ...], _Statistics | None] = {}
        self._exit_runtime = content.exit_runtime

    def take(self, row: dict[str, Any], late: bool, prefix: tuple[str, ...] = ()) -> None:
        """One row; `late`: no summary record knows of it."""
        for label, value in row.items():
            path = (*prefix, label)
            statistics = self._statistics(path)
            if statistics is not None:
                statistics.take(value, late)
            elif isinstance(value, dict) and value and "_type" not in value:
                self.take(value, late, path)
            elif late and (value is not None or self._keep_null):
                _put(self._summary, path, value)

    def result(self) -> dict[str, Any]:
        """The summary; call it once, after the last row."""
        for path, statistics in self._tracked.items():
            if statistics is None or not statistics.late:
                continue
            if "none" in statistics.rule.summary:
                continue
            _put(self._summary, path, statistics.result())
        runtime = self._exit_runtime or self._summary.get("_runtime")
        if isinstance(runtime, (int, float)) and not isinstance(self._summary.get("_wandb"), dict):
            self._summary["_wandb"] = {"runtime": int(runtime)}
        return self._summary

    def _statistics(self, path: tuple[str, ...]) -> _Statistics | None:
        """The figures kept for this key; None when its last value is what counts."""
        if path not in self._tracked:
            rule = self._rules.of(path)
            tracked = rule is not None and bool(rule.summary) and not self._is_explicit(path, rule)
            self._tracked[path] = _Statistics(rule, self._skip_nan) if rule is not None and tracked else None
        return self._tracked[path]

    def _is_explicit(self, path: tuple[str, ...], rule: MetricRule) -> bool:
        """Whether somebody set this key by hand: that replaces the figures for good."""
        node: Any = self._summary
        for label in path:
            if not isinstance(node, dict) or label not in node:
                return False
            node = node[label]
        if isinstance(node, dict):
            return not node.keys() <= set(STATISTICS)
        return "copy" not in rule.summary


def _put(summary: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    node = summary
    for label in path[:-1]:
        inner = node.get(label)
        if not isinstance(inner, dict):
            inner = node[label] = {}
        node = inner
    node[path[-1]] = value


def _is_python_client(writer: str) -> bool:
    """wandb 0.10 to 0.17, whose rules differ where NaN and null are concerned."""
    name, _, version = writer.partition(" ")
    parts = version.split(".")
    return name == "wandb" and parts[0] == "0" and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < 18
