"""Which metrics a person looks at, and how: what is remembered for a project. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runferry.desktop.run.figures import XAxis
from runferry.desktop.run.smoothing import MOST

MOST_CHARTS = 6
OF_HOSTS = ("cpu", "proc.memory.rssMB", "gpu.0.gpu", "gpu.0.memoryAllocated", "host.cpu", "memory_percent")
"""What tells most of a run on its computer: its own processor and memory, the first card, then the whole computer."""
_RANKS = (
    (0, ("loss",)),
    (1, ("acc", "score", "reward", "return", "f1", "auc", "iou", "bleu", "perplexity", "ppl", "error", "metric")),
    (4, ("grad", "param", "weight", "norm", "hist", "runtime")),
    (3, ("lr", "learning_rate", "epoch", "step")),
)
_OTHER = 2


@dataclass(frozen=True)
class ChartChoice:
    """`metrics`: None where nobody chose yet. `log`: names of the metrics on a logarithmic scale. `first`: names that
    come before all others where nobody chose; not remembered."""

    metrics: tuple[str, ...] | None = None
    smoothing: float = 0.6
    axis: XAxis = XAxis.OWN
    log: frozenset[str] = frozenset()
    first: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        found: dict[str, Any] = {"smoothing": self.smoothing, "axis": self.axis.value, "log": sorted(self.log)}
        if self.metrics is not None:
            found["metrics"] = list(self.metrics)
        return found

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any], smoothing: float = 0.6, axis: XAxis = XAxis.OWN) -> ChartChoice:
        """What `as_dict` gave, once; what is missing or makes no sense is left at its default."""
        metrics, weight, wanted = kept.get("metrics"), kept.get("smoothing"), kept.get("axis")
        if isinstance(weight, int | float) and math.isfinite(weight):
            smoothing = min(max(float(weight), 0.0), MOST)
        axis = next((one for one in XAxis if one.value == wanted), axis)
        chosen = tuple(_names(metrics))[:MOST_CHARTS] if isinstance(metrics, list) else None
        return cls(chosen, smoothing, axis, frozenset(_names(kept.get("log"))))

    def shown(self, names: Sequence[str], most: int = MOST_CHARTS) -> tuple[str, ...]:
        """The metrics to be drawn of those that a run has: the chosen ones, else the most telling ones."""
        if self.metrics is not None:
            there = set(names)
            found = tuple(one for one in self.metrics if one in there)
            if found or not self.metrics:
                return found
        first = [one for one in self.first if one in names][:most]
        others = [one for one in names if one not in first]
        return (*first, *telling(others, most - len(first)))


def telling(names: Sequence[str], most: int = MOST_CHARTS) -> tuple[str, ...]:
    """The metrics that a person most likely wants to see: losses, then scores; internal ones last."""
    return tuple(sorted(names, key=_rank)[:most])


def _rank(name: str) -> int:
    low = name.lower()
    if low.startswith("_"):
        return 9
    return next((rank for rank, words in _RANKS if any(word in low for word in words)), _OTHER)


def _names(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
