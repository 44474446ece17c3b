"""Limits of a container or a batch job, as cgroup v2 tells them: memory and processors that a run may use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MIB = 1024.0 * 1024.0
MICROSECONDS = 1e6


@dataclass(frozen=True)
class _Groups:
    """The groups that a process is in, innermost first."""

    folders: tuple[Path, ...]


class Cgroups:
    """Reads below `files` (``/sys/fs/cgroup``) and `processes` (``/proc``). Which group a run is in is kept."""

    def __init__(self, files: Path = Path("/sys/fs/cgroup"), processes: Path = Path("/proc")) -> None:
        self._files, self._processes = files, processes
        self._groups: dict[int, _Groups | None] = {}
        self._used: dict[int, float] = {}

    def forget(self, pids: set[int]) -> None:
        """Only these processes are asked for from now on."""
        for kept in (self._groups, self._used):
            for pid in set(kept) - pids:
                del kept[pid]

    def measure(self, pid: int, elapsed: float | None) -> tuple[dict[str, float], dict[str, str]]:
        """The limits in force for a process, and what is used of them; else the reason. Names begin with ``cgroup.``"""
        if pid not in self._groups:
            self._groups[pid] = self._find(pid)
        groups = self._groups[pid]
        if groups is None:
            return {}, {"cgroup": "this system has no cgroup v2 here"}
        values = self._memory(groups)
        values.update(self._processors(groups, pid, elapsed))
        return (values, {}) if values else ({}, {"cgroup": "no limit is set"})

    def _find(self, pid: int) -> _Groups | None:
        try:
            lines = (self._processes / str(pid) / "cgroup").read_text().splitlines()
        except OSError:
            return None
        name = next((line[3:] for line in lines if line.startswith("0::")), None)
        if name is None or not (self._files / "cgroup.controllers").exists():
            return None
        inner = self._files.joinpath(*[one for one in name.split("/") if one not in ("", "..")])
        between = [inner, *inner.parents]
        return _Groups(tuple(between[: between.index(self._files) + 1]))

    def _memory(self, groups: _Groups) -> dict[str, float]:
        """The group with the least room left counts: all limits above a process hold at once."""
        best: tuple[float, float, float] | None = None
        for folder in groups.folders:
            limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
            if limit is None or used is None:
                continue
            used = max(used - _field(folder / "memory.stat", "inactive_file"), 0.0)  # the kernel gives that back
            if best is None or limit - used < best[0]:
                best = (limit - used, limit, used)
        if best is None:
            return {}
        _, limit, used = best
        return {
            "cgroup.memory.limitMB": limit / MIB,
            "cgroup.memory.usedMB": used / MIB,
            "cgroup.memory.usedPercent": 100.0 * used / limit if limit else 0.0,
        }

    def _processors(self, groups: _Groups, pid: int, elapsed: float | None) -> dict[str, float]:
        limits = [(limit, folder) for folder in groups.folders if (limit := _cores(folder / "cpu.max")) is not None]
        if not limits:
            return {}
        cores, folder = min(limits, key=lambda one: one[0])
        values = {"cgroup.cpu.limitCores": cores}
        used = _field(folder / "cpu.stat", "usage_usec") / MICROSECONDS
        before = self._used.get(pid)
        self._used[pid] = used
        if elapsed and before is not None and cores:
            values["cgroup.cpu.usedPercent"] = max(100.0 * (used - before) / elapsed / cores, 0.0)
        return values


def _number(path: Path) -> float | None:
    """The number in a file; None for ``max`` and where there is none."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return None


def _cores(path: Path) -> float | None:
    """``200000 100000``: two processors; ``max 100000``: no limit."""
    try:
        quota, period = path.read_text().split()
        return float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _field(path: Path, name: str) -> float:
    try:
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return float(value)
    except (OSError, ValueError):
        pass  # a group that was just removed: its limits vanish with it at the next look
    return 0.0
