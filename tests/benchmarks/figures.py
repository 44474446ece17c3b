"""What a measurement gives: figures for people, and the raw samples that they were made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table. `goal` is the target in words, `met` whether it was reached (None: there is no target)."""

    name: str
    unit: str
    ours: float
    theirs: float | None = None
    goal: str = ""
    met: bool | None = None
    higher_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better ours is."""
        if self.theirs is None or not self.ours or not self.theirs:
            return None
        return self.ours / self.theirs if self.higher_is_better else self.theirs / self.ours


@dataclass
class Result:
    """`samples`: raw values by name and side, in the unit that the name says."""

    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the JSON file."""
        return asdict(self)


def times_better(name: str, unit: str, ours: float, theirs: float, target: float, *, higher: bool = False) -> Figure:
    """A figure whose target is a ratio."""
    reached = ours / theirs if higher else theirs / ours
    return Figure(name, unit, ours, theirs, f"{target:g} x", reached >= target, higher)


def at_most(name: str, unit: str, ours: float, theirs: float | None, limit: float) -> Figure:
    """A figure whose target is a limit."""
    return Figure(name, unit, ours, theirs, f"≤ {limit:g} {unit}", ours <= limit)


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all do not exceed."""
    ordered = sorted(samples)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def median(samples: Sequence[float]) -> float:
    """The lower median."""
    return percentile(samples, 0.5)
