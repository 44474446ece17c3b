"""`define_metric`: rules for how a metric is summarised and what it is plotted over.

Pure bookkeeping: it must not touch the log. Names address nested metrics with dots (``a.b``); a dot that belongs to
the name is written ``\\.``. A trailing ``*`` makes a rule for all names that begin so.
"""

from __future__ import annotations

from typing import Any, Tuple

Path = Tuple[str, ...]

AGGREGATES = ("min", "max", "mean", "best", "last", "first")
SUMMARIES = (*AGGREGATES, "none", "copy")
GOALS = {"minimize": 1, "maximize": 2}


class Rule:
    """What was defined for one name or glob."""

    __slots__ = ("glob", "goal", "hidden", "name", "path", "step_metric", "step_sync", "summary")

    def __init__(self, name: str) -> None:
        self.name = name
        self.glob = name.endswith("*")
        self.path: Path = split_name(name)
        self.step_metric: str | None = None
        self.step_sync = False
        self.hidden = False
        self.summary: tuple[str, ...] = ()
        self.goal: str | None = None

    def record(self, overwrite: bool) -> dict[str, Any]:
        """The metric record's message."""
        options = {"step_sync": self.step_sync, "hidden": self.hidden, "defined": True}
        return {
            "glob_name" if self.glob else "name": self.name,
            "step_metric": self.step_metric,
            "options": options,
            "summary": dict.fromkeys(self.summary, True) if self.summary else None,
            "goal": GOALS.get(self.goal or "", 0),
            "_control": {"overwrite": True} if overwrite else None,
        }


def split_name(name: str) -> Path:
    """``a.b`` as ("a", "b"); ``a\\.b`` as ("a.b",)."""
    return tuple(part.replace("\0", ".") for part in name.replace("\\.", "\0").split("."))


def parse_summary(summary: Any) -> tuple[str, ...]:
    """``"min,max"`` as a tuple. Raises ValueError with a sentence for people when something else stands there."""
    wanted = tuple(one.strip().lower() for one in str(summary).split(",") if one.strip())
    for one in wanted:
        if one not in SUMMARIES:
            raise ValueError(f"define_metric: summary {one!r} is none of {', '.join(SUMMARIES)}")
    return wanted


class MetricRules:
    """All rules of a run, and which one holds for a metric."""

    def __init__(self) -> None:
        self._named: dict[Path, Rule] = {}
        self._globs: list[Rule] = []
        self._found: dict[Path, Rule | None] = {}
        self.any_summary = False
        self.any_step_sync = False
        self.step_paths: frozenset[Path] = frozenset()

    def define(
        self,
        name: str,
        step_metric: str | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: Any = None,
        goal: str | None = None,
        overwrite: bool = False,
    ) -> Rule:
        """Add to the rule for `name`, or begin it anew. Raises ValueError for what no rule can be made of."""
        if not isinstance(name, str) or not name or "*" in name[:-1]:
            raise ValueError(f"define_metric: {name!r} is no name; a * may stand at the end only")
        if step_metric is not None and not (isinstance(step_metric, str) and step_metric):
            raise ValueError(f"define_metric: step_metric {step_metric!r} is no metric's name")
        if goal is not None and goal not in GOALS:
            raise ValueError(f"define_metric: goal {goal!r} is none of minimize, maximize")
        wanted = parse_summary(summary) if summary is not None else None
        rule = Rule(name) if overwrite else self._known(name) or Rule(name)
        if step_metric is not None:
            rule.step_metric = step_metric
            rule.step_sync = True
        if step_sync is not None:
            rule.step_sync = bool(step_sync) and rule.step_metric is not None
        rule.hidden = rule.hidden if hidden is None else bool(hidden)
        rule.summary = rule.summary if wanted is None else wanted
        rule.goal = goal or rule.goal
        self.keep(rule)
        return rule

    def all(self) -> list[Rule]:
        """Every rule."""
        return [*self._named.values(), *self._globs]

    def _known(self, name: str) -> Rule | None:
        if name.endswith("*"):
            return next((one for one in self._globs if one.name == name), None)
        return self._named.get(split_name(name))

    def keep(self, rule: Rule) -> None:
        """Put a rule in its place."""
        if rule.glob:
            self._globs = [one for one in self._globs if one.name != rule.name] + [rule]
        else:
            self._named[rule.path] = rule
        self._found.clear()
        rules = self.all()
        self.any_summary = any(one.summary for one in rules)
        self.any_step_sync = any(one.step_sync for one in rules)
        self.step_paths = frozenset(split_name(one.step_metric) for one in rules if one.step_metric)

    def rule_for(self, path: Path) -> Rule | None:
        """The rule for a metric: its own, else the first glob that fits; internal names (``_…``) have none."""
        try:
            return self._found[path]
        except KeyError:
            found = self._found[path] = self._find(path)
            return found

    def _find(self, path: Path) -> Rule | None:
        named = self._named.get(path)
        if named is not None or path[0].startswith("_"):
            return named
        name = ".".join([label.replace(".", "\\.") for label in path])
        plain = ".".join(path)
        for rule in self._globs:
            start = rule.name[:-1]
            if name.startswith(start) or plain.startswith(start):
                return rule
        return None
