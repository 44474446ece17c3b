"""The run's summary: derived from the rows as wandb-core derives it, plus what the script sets itself.

Keeps what changed since the last summary record, so that a record carries no more than that. Not thread-safe by
itself: the run's lock is held. It must not touch the log: the run asks for changes and writes them.
"""

from __future__ import annotations

from typing import Any, Callable

from runferry.recorder.metrics import MetricRules, Rule
from runferry.recorder.nodes import Node, Owner, Path, find
from runferry.recorder.rows import leaves


class Tracker:
    """Minimum, maximum, mean, first and last of one metric in this process; NaN poisons the first three."""

    __slots__ = ("count", "first", "high", "last", "low", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.low: Any = None
        self.high: Any = None
        self.first: Any = None
        self.last: Any = None

    def take(self, value: Any) -> None:
        """One more value; only numbers count for minimum, maximum and mean."""
        self.last = value
        if self.first is None:
            self.first = value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return
        self.count += 1
        try:
            self.total += value
        except OverflowError:  # an integer beyond a double
            self.total = float("inf") if value > 0 else float("-inf")
        if self.low is None or value != value or value < self.low:
            self.low = value
        if self.high is None or value != value or value > self.high:
            self.high = value

    def aggregate(self, rule: Rule) -> Any:
        """The summary value that the rule asks for; the plain last value where none applies."""
        known: dict[str, Any] = {"first": self.first, "last": self.last}
        if self.count:
            known["min"], known["max"], known["mean"] = self.low, self.high, self.total / self.count
            known["best"] = self.high if rule.goal == "maximize" else self.low
        wanted = {one: known[one] for one in rule.summary if one in known}
        return wanted or self.last


class RunSummary(Owner):
    """State of the summary. `on_change` is called after the script itself has set something."""

    def __init__(
        self,
        rules: MetricRules,
        convert: Callable[[Any], Any],
        on_change: Callable[[], None],
        note: Callable[[str, str], None],
    ) -> None:
        self._note = note
        self._rules = rules
        self._convert = convert
        self._on_change = on_change
        self._latest: dict[str, Any] = {}  # plain scalars of rows, not yet in the tree
        # Takes a row of plain scalars where no rule for the summary exists: the quick form of `observe`.
        self.take_scalars = self._latest.update
        self._changed: dict[Path, Any] = {}
        self._removed: list[Path] = []
        self._trackers: dict[Path, Tracker | None] = {}
        self.root = SummaryRoot(self)

    def note(self, kind: str, message: str) -> None:
        """See `Owner`."""
        self._note(kind, message)

    def know(self, values: dict[str, Any]) -> None:
        """What stands there already, and is written elsewhere."""
        for key, value in values.items():
            self.root.put(key, value)

    def observe(self, row: dict[str, Any]) -> None:
        """A row of any plain values was committed."""
        self.fold()
        for path, value in leaves(row):
            if value is not None:
                self._observe_leaf(path, value)

    def _observe_leaf(self, path: Path, value: Any) -> None:
        rule = self._rules.rule_for(path) if self._rules.any_summary else None
        if rule is None or not rule.summary or rule.summary == ("copy",):
            self._put(path, value)
            return
        if "none" in rule.summary:
            return
        tracker = self._trackers.setdefault(path, Tracker())
        if tracker is None:  # the script set this key itself: from then on the last value counts
            self._put(path, value)
            return
        tracker.take(value)
        self._put(path, tracker.aggregate(rule))

    def internal(self, path: Path, value: Any) -> None:
        """A value of our own, like the runtime."""
        self._put(path, value)

    def value_at(self, path: Path) -> Any:
        """What stands there, or None."""
        self.fold()
        node = find(self.root, path[:-1])
        return None if node is None else dict.get(node, path[-1])

    def fold(self) -> None:
        """Bring the rows' values into the tree."""
        if self._latest:
            latest = self._latest.copy()
            self._latest.clear()
            for key, value in latest.items():
                self._put((key,), value)

    def _put(self, path: Path, value: Any) -> None:
        node = find(self.root, path[:-1], create=True)
        assert node is not None
        node.put(path[-1], value)
        # Behind what was set before: readers apply changes in their order, and one key may lie inside another.
        self._changed.pop(path, None)
        self._changed[path] = value

    def assign(self, path: Path, value: Any) -> None:
        """The script sets a value."""
        self.fold()
        value = self._convert(value)
        self._cancel(path)
        self._put(path, value)
        self._on_change()

    def remove(self, path: Path) -> None:
        """The script deletes a value."""
        self.fold()
        node = find(self.root, path[:-1])
        if node is not None:
            node.drop(path[-1])
        self._changed = {one: value for one, value in self._changed.items() if one[: len(path)] != path}
        self._cancel(path)
        self._removed.append(path)
        self._on_change()

    def _cancel(self, path: Path) -> None:
        self._trackers[path] = None
        for known in self._trackers:
            if known[: len(path)] == path:
                self._trackers[known] = None

    @property
    def is_changed(self) -> bool:
        """True when a record would say something new."""
        return bool(self._latest or self._changed or self._removed)

    def take_changes(self) -> tuple[list[tuple[Path, Any]], list[Path]]:
        """What to write: values by path, and paths to remove; asked for once."""
        self.fold()
        changed, self._changed = self._changed, {}
        removed, self._removed = self._removed, []
        for path in removed:  # readers remove last: what was removed and set again in parts is written as a whole
            inside = [one for one in changed if one[: len(path)] == path]
            if inside and path not in changed:
                for one in inside:
                    del changed[one]
                changed[path] = self.value_at(path)
        return list(changed.items()), [path for path in removed if path not in changed]

    def put_back(self, changed: list[tuple[Path, Any]], removed: list[Path]) -> None:
        """These changes could not be written: they belong to the next record."""
        self._changed = {**dict(changed), **self._changed}
        self._removed = removed + self._removed


class SummaryRoot(Node):
    """`run.summary`: what rows brought is folded in before anything is read."""

    __slots__ = ()

    def _folded(self) -> SummaryRoot:
        owner = self._node_owner
        assert isinstance(owner, RunSummary)
        owner.fold()
        return self

    def __getitem__(self, key: str) -> Any:
        self._folded()
        return super().__getitem__(key)

    def __delitem__(self, key: Any) -> None:
        # W&B's takes out what is not there without a word: its scripts must not end here.
        if key in self:
            super().__delitem__(key)

    def __contains__(self, key: object) -> bool:
        self._folded()
        return super().__contains__(key)

    def __iter__(self) -> Any:
        self._folded()
        return super().__iter__()

    def __len__(self) -> int:
        self._folded()
        return super().__len__()

    def __repr__(self) -> str:
        self._folded()
        return super().__repr__()

    def __eq__(self, other: object) -> bool:
        self._folded()
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or `default`."""
        self._folded()
        return super().get(key, default)

    def keys(self) -> Any:
        """All keys."""
        self._folded()
        return super().keys()

    def values(self) -> Any:
        """All values."""
        self._folded()
        return super().values()

    def items(self) -> Any:
        """All items."""
        self._folded()
        return super().items()
