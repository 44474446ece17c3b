"""One measurement of everything: the host once, the graphics cards once, and each run's processes.

No thread of its own; `collector` calls it. Every run shares what is the same for all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runferry.metrics.amd import Amd
from runferry.metrics.apple import Apple
from runferry.metrics.cgroup import Cgroups
from runferry.metrics.elapsed import Clocks, Elapsed, SystemClocks
from runferry.metrics.gpu import Cards, GpuReading, Gpus, used_by
from runferry.metrics.host import HostMeter
from runferry.metrics.nvidia import Nvidia
from runferry.metrics.processes import ProcessTable, this_table
from runferry.metrics.sample import HostSample, Reading
from runferry.metrics.trees import TreeReading, Trees, values_of

LOOK_UP = 30.0  # seconds between two looks at who is whose child and at open files
UNSEEN = {"proc.*": "which processes train this run cannot be seen from here: only the whole computer is measured"}


@dataclass(frozen=True)
class Options:
    """How often, and what. `interval` and `average`: seconds; an average of 0 sends every measurement."""

    interval: float = 2.0
    average: float = 30.0
    disks: tuple[str, ...] = ("/",)

    @property
    def window(self) -> int:
        """Measurements in a row that is sent."""
        return max(round(self.average / self.interval), 1)


class Sampler:
    """Measures the host and the runs that `keep` named. One thread."""

    def __init__(
        self,
        options: Options,
        clocks: Clocks | None = None,
        table: ProcessTable | None = None,
        cards: Cards | None = None,
        cgroups: Cgroups | None = None,
        host: HostMeter | None = None,
    ) -> None:
        self._clocks = clocks or SystemClocks()
        self._elapsed = Elapsed(self._clocks, options.interval)
        self._table = table or this_table()
        self._trees = Trees(self._table)
        self._cards = cards or Gpus((Nvidia(), Amd(), Apple()))
        self._cgroups = cgroups or Cgroups()
        self._host = host or HostMeter(options.disks)
        self._roots: dict[str, tuple[int, ...]] = {}
        self._looked_up = -LOOK_UP
        self._processors = os.cpu_count() or 1

    def keep(self, roots: Mapping[str, Sequence[int]]) -> None:
        """The runs to measure, by key, each with the processes that it began with; none where they cannot be seen."""
        if dict(roots) == self._roots:
            return
        if set(roots) - set(self._roots):
            self._looked_up = -LOOK_UP  # a new run's children are wanted at once
        self._roots = {key: tuple(pids) for key, pids in roots.items()}
        seen = {key: pids for key, pids in self._roots.items() if pids}
        self._trees.keep(seen)
        self._cgroups.forget({pids[0] for pids in seen.values()})

    def measure(self) -> Reading:
        """Everything now. Never raises for what cannot be read."""
        elapsed = self._elapsed.lap()
        now = self._clocks.monotonic()
        if now - self._looked_up >= LOOK_UP:
            self._looked_up = now
            self._trees.look_up()
        values = self._host.measure(elapsed)
        cards = self._cards.measure(now)
        time = self._clocks.time()
        runs = {key: self._run(key, one, cards, elapsed, time) for key, one in self._trees.measure(elapsed).items()}
        runs |= {key: HostSample(time, {}, UNSEEN) for key, pids in self._roots.items() if not pids}
        host = HostSample(time, {**values, **cards.values}, {**self._host.reasons, **cards.reasons})
        return Reading(host, runs, is_fresh=elapsed is None)

    def close(self) -> None:
        """Give back what was opened."""
        self._cards.close()

    def _run(
        self, key: str, tree: TreeReading | None, cards: GpuReading, elapsed: float | None, time: float
    ) -> HostSample | None:
        if tree is None:
            return None
        values = values_of(tree, self._processors, self._host.memory_total)
        limits, no_limits = self._cgroups.measure(self._roots[key][0], elapsed)
        used, unknown = used_by(cards, tree.pids, self._exists)
        reasons = {**no_limits, **unknown}
        if tree.files is None:
            reasons["proc.openFiles"] = "another account's processes: their open files may not be seen"
        return HostSample(time, {**values, **limits, **used}, reasons)

    def _exists(self, pid: int) -> bool:
        return self._table.read(pid) is not None
