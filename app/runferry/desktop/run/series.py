"""What a curve is drawn from. No Qt; never changed after it was handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Series:
    """One metric: three columns of equal length, in the order in which they were logged.

    steps: the x of each value. values: NaN and infinities are gaps. times: seconds since the epoch; empty where they
    are not known. unit: stands behind the values, "B" is shown as kB, MB, …. Two objects are compared by identity: the
    same object means that nothing changed.
    """

    steps: Sequence[float]
    values: Sequence[float]
    times: Sequence[float] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.values) or len(self.times) not in (0, len(self.values)):
            raise ValueError(f"{len(self.steps)} steps, {len(self.values)} values, {len(self.times)} times")
