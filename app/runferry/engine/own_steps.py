"""Which metric a run has named as another one's x axis (`define_metric`), by the names that curves have."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from runferry.formats.entries import MetricRule


class OwnSteps:
    """Answers from the rules that were read so far; cheap to ask again and again."""

    def __init__(self) -> None:
        self._rules: list[MetricRule] = []
        self._found: dict[str, str] = {}
        self.are_any = False  # whether any metric has one

    def learn(self, rules: Sequence[MetricRule]) -> None:
        """The rules as they are now."""
        if self._rules != rules:
            self._rules = list(rules)
            self._found = {}
            self.are_any = any(one.step_metric for one in rules)

    def of(self, metric: str) -> str:
        """The name of the metric that is its x axis; empty where there is none. An exact rule comes before a glob."""
        found = self._found.get(metric)
        if found is None:
            found = self._found[metric] = self._look(metric) if self._rules else ""
        return found

    def _look(self, metric: str) -> str:
        exact = [one for one in self._rules if _plain(one.name) == metric]
        globs = [one for one in self._rules if one.glob and fnmatch.fnmatchcase(metric, _pattern(one.glob))]
        step = next((one.step_metric for one in (*exact, *globs) if one.step_metric), "")
        return "" if _plain(step) == metric or step.startswith("_") else _plain(step)


def _plain(name: str) -> str:
    """A rule's name as curves have it: dots of a key are not marked there."""
    return name.replace("\\.", ".")


def _pattern(glob: str) -> str:
    """Only a star means something."""
    return _plain(glob).replace("[", "[[]").replace("?", "[?]")
