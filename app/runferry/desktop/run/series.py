"""What a curve is drawn from. No Qt; never changed after it was handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runferry.desktop.run.figures import XAxis


@dataclass(frozen=True, eq=False)
class Series:
    """One metric: three columns of equal length, in the order in which they were logged.

    steps: the x of each value. values: NaN and infinities are gaps. times: seconds since the epoch; empty where they
    are not known. unit: stands behind the values, "B" is shown as kB, MB, …. own: the values of the metric that the run
    has named as this one's steps (`own_name`), NaN where it had none; empty without such a metric. Two objects are
    compared by identity: the same object means that nothing changed.
    """

    steps: Sequence[float]
    values: Sequence[float]
    times: Sequence[float] = ()
    unit: str = ""
    own: Sequence[float] = ()
    own_name: str = ""

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.values) or len(self.times) not in (0, len(self.values)):
            raise ValueError(f"{len(self.steps)} steps, {len(self.values)} values, {len(self.times)} times")
        if len(self.own) not in (0, len(self.values)):
            raise ValueError(f"{len(self.values)} values, {len(self.own)} steps of its own")

    def axis(self, wanted: XAxis) -> XAxis:
        """What can run to the right: steps, where nothing else is known."""
        if wanted is XAxis.OWN:
            return XAxis.OWN if len(self.own) else XAxis.STEP
        return wanted if len(self.times) else XAxis.STEP

    def along(self, wanted: XAxis) -> list[float]:
        """The x of each value."""
        axis = self.axis(wanted)
        if axis in (XAxis.STEP, XAxis.OWN):
            return list(self.steps if axis is XAxis.STEP else self.own)
        start = self.times[0] if axis is XAxis.RELATIVE and len(self.times) else 0.0
        return [one - start for one in self.times]

    def x(self, index: int, wanted: XAxis) -> float:
        """The x of one value."""
        axis = self.axis(wanted)
        if axis in (XAxis.STEP, XAxis.OWN):
            return (self.steps if axis is XAxis.STEP else self.own)[index]
        return self.times[index] - (self.times[0] if axis is XAxis.RELATIVE else 0.0)
