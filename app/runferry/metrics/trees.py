"""What the processes of each run use together: the training, its children, its data-loader workers.

Who belongs to whom is looked up every half minute, for all runs at once; in between only the known ones are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runferry.metrics.processes import ProcessReading, ProcessTable

MIB = 1024.0 * 1024.0


@dataclass(frozen=True)
class TreeReading:
    """`cpu`: seconds of processor time per second, None where it cannot be told yet. `files`: open, None if unseen."""

    processes: int
    threads: int
    memory: int  # bytes
    cpu: float | None
    files: int | None
    pids: frozenset[int]


@dataclass
class _Tree:
    roots: tuple[int, ...]
    starts: dict[int, float] = field(default_factory=dict)  # of every member, by pid
    used: dict[int, float] = field(default_factory=dict)  # processor seconds at the last reading
    files: int | None = None


class Trees:
    """The process trees of all runs, by the run's key."""

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._trees: dict[str, _Tree] = {}

    def keep(self, roots: Mapping[str, Sequence[int]]) -> None:
        """These runs and no others; a run's first process must be alive when it comes here first."""
        self._trees = {
            key: old if (old := self._trees.get(key)) and old.roots == tuple(pids) else self._begin(pids)
            for key, pids in roots.items()
        }

    def look_up(self) -> None:
        """Who is whose child now, and how many files they have open."""
        if not self._trees:
            return
        children: dict[int, list[tuple[int, float]]] = {}
        for pid in self._table.numbers():
            found = self._table.read(pid)
            if found is not None:
                children.setdefault(found.parent, []).append((pid, found.started))
        for tree in self._trees.values():
            self._grow(tree, children)
            counts = [self._table.open_files(pid) for pid in tree.starts]
            seen = [one for one in counts if one is not None]
            tree.files = sum(seen) if seen else None

    def measure(self, elapsed: float | None) -> dict[str, TreeReading | None]:
        """Every run's use; None when the process that it began with is gone."""
        return {key: self._measure(tree, elapsed) for key, tree in self._trees.items()}

    def _begin(self, roots: Sequence[int]) -> _Tree:
        tree = _Tree(tuple(roots))
        for pid in roots:
            found = self._table.read(pid)
            if found is not None:
                tree.starts[pid] = found.started
        return tree

    def _grow(self, tree: _Tree, children: Mapping[int, list[tuple[int, float]]]) -> None:
        """Children join; who left the tree (its parent died) stays as long as it lives."""
        queue = list(tree.starts)
        seen = set(queue)
        while queue:
            for pid, started in children.get(queue.pop(), ()):
                if pid not in seen:
                    seen.add(pid)
                    tree.starts[pid] = started
                    queue.append(pid)

    def _measure(self, tree: _Tree, elapsed: float | None) -> TreeReading | None:
        found: dict[int, ProcessReading] = {}
        for pid, started in list(tree.starts.items()):
            one = self._table.read(pid)
            if one is None or one.started != started:
                del tree.starts[pid]
            else:
                found[pid] = one
        if not any(pid in found for pid in tree.roots):
            return None
        before, tree.used = tree.used, {pid: one.cpu for pid, one in found.items()}
        used = [max(cpu - before[pid], 0.0) for pid, cpu in tree.used.items() if pid in before]
        return TreeReading(
            processes=len(found),
            threads=sum(one.threads for one in found.values()),
            memory=sum(one.memory for one in found.values()),
            cpu=sum(used) / elapsed if elapsed and used else None,
            files=tree.files,
            pids=frozenset(found),
        )


def values_of(reading: TreeReading, processors: int, memory_total: float) -> dict[str, float]:
    """A tree's values by W&B's names. processors: how many this machine has; memory_total: bytes."""
    values = {
        "proc.memory.rssMB": reading.memory / MIB,
        "proc.cpu.threads": float(reading.threads),
        "proc.processes": float(reading.processes),
    }
    if memory_total:
        values["proc.memory.percent"] = 100.0 * reading.memory / memory_total
    if reading.cpu is not None:
        values["cpu"] = 100.0 * reading.cpu / processors
    if reading.files is not None:
        values["proc.openFiles"] = float(reading.files)
    return values
