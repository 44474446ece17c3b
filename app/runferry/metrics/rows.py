"""Rows of system metrics as W&B servers take them, one JSON object per line.

A run's own clock: `_runtime` is counted by a clock that nobody sets, so that it neither jumps nor goes back when the
computer's time is corrected during a run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from runferry.metrics.elapsed import Clocks
from runferry.metrics.sample import is_counter

PREFIX = "system."


class RowMaker:
    """Makes one run's rows. started: when the run began, seconds since the epoch.

    previous: the last row that was made for the run before, by another process of this app: counters go on from it.
    """

    def __init__(self, started: float, clocks: Clocks, previous: Mapping[str, float] | None = None) -> None:
        self._clocks = clocks
        self._offset = max(clocks.time() - started, 0.0) - clocks.running()
        self._bases: dict[str, float] = {}
        self._kept = {
            name[len(PREFIX) :]: value
            for name, value in (previous or {}).items()
            if name.startswith(PREFIX) and is_counter(name[len(PREFIX) :])
        }

    def row(self, values: Mapping[str, float], time: float) -> str:
        """The line, without its end. time: of the measurement, seconds since the epoch."""
        runtime = max(self._offset + self._clocks.running(), 0.0)
        row: dict[str, float | bool] = {"_wandb": True, "_timestamp": time, "_runtime": runtime}
        for name in sorted(values):
            value = self._since_start(name, values[name]) if is_counter(name) else values[name]
            if math.isfinite(value):
                row[PREFIX + name] = value
        return json.dumps(row, separators=(",", ":"))

    def _since_start(self, name: str, value: float) -> float:
        """Counters begin at zero with the run; one that went back (a reboot) goes on from where it was."""
        kept = self._kept.get(name, 0.0)
        base = self._bases.setdefault(name, value - kept)
        if value - base < kept:
            self._bases[name] = base = value - kept
        self._kept[name] = value - base
        return value - base
