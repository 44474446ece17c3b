"""Which of the runs that the engine knows are trained on this host right now.

Thousands of finished runs are looked at once: a process that is gone never comes back under its number and start.
Whose processes cannot be told is measured without them: what the host as a whole does, and no more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from runferry.errors import AppError
from runferry.formats.detect import RunFolder, RunKind
from runferry.formats.marker import read_marker
from runferry.formats.trainer import ThisMachine, Training, claims_this_system
from runferry.metrics.alive import OUTCOMES, trainings
from runferry.metrics.collector import LiveRun
from runferry.state.samples import collected
from runferry.sync.source import Source

PATIENCE = 60.0  # seconds after the last change of its log, after which a run without a process is not asked for again
UNTOLD = 300.0  # the same for one of which cannot be told whether it has one
_HEAD = 1 << 16  # bytes of a log that hold its run record
_DIGITS = 10  # of a rank
_FRESH = 120.0  # seconds: somebody else is measuring this run


class Residents:
    """Asked by one thread, the one that measures. own: the name of the files that it writes into run folders."""

    def __init__(self, own: str = "") -> None:
        self._own = own
        self._gone: set[Path] = set()
        self._identities: dict[Path, str] = {}
        self.is_settled = True  # false: a run is about to begin, ask again soon

    def find(self, folders: Sequence[RunFolder]) -> list[LiveRun]:
        """The runs that live here. Several logs of one run (a process per GPU) count as one, the first of them."""
        self._gone &= {one.path for one in folders}
        asked = [one for one in folders if one.path not in self._gone]
        known = trainings(asked)
        self.is_settled = True
        groups: dict[tuple[object, ...], list[RunFolder]] = {}
        for folder in asked:
            if not _may_live_here(folder, known[folder.path]):
                if known[folder.path].is_alive is False and _age(folder.log) > PATIENCE:
                    self._gone.add(folder.path)
            elif self.identity(folder):
                groups.setdefault(_same_run(folder), []).append(folder)
            else:
                self.is_settled = False
        found = []
        for group in groups.values():
            group.sort(key=_rank)
            for number, folder in enumerate(group):
                own = (known[one.path].pid for one in (group if not number else [folder]))
                pids = tuple(dict.fromkeys(pid for pid in own if pid is not None))
                found.append(LiveRun(str(folder.path), pids, _started(folder), not number and self._is_wanted(folder)))
        return found

    def identity(self, folder: RunFolder) -> str:
        """The identity of a run's log, empty as long as it does not say whose it is."""
        known = self._identities.get(folder.log, "")
        if not known:
            source = Source.alone(folder.log)
            try:
                source.read_front(_HEAD)
                known = source.identity if source.reader.content.run.run_id else ""
            except (OSError, AppError):
                known = ""
            if known:
                self._identities[folder.log] = known
        return known

    def _is_wanted(self, folder: RunFolder) -> bool:
        """Whether rows are kept: the official client measures by itself, and so may another `watch --collect`; the
        training's shell may have asked for none."""
        marker = folder.marker or {}
        if folder.kind is not RunKind.RECORDER or marker.get("metrics_only") or marker.get("disable_stats"):
            return False
        return not any(_age(one) < _FRESH for one in collected(folder.path) if one.name != self._own)


def _same_run(folder: RunFolder) -> tuple[object, ...]:
    marker = folder.marker or {}
    if folder.kind is not RunKind.RECORDER or not marker.get("rank"):
        return (str(folder.path),)
    return (folder.run_id, marker.get("entity"), marker.get("project"))


def _rank(folder: RunFolder) -> tuple[int, str]:
    ranks = (folder.marker or {}).get("rank") or {}
    told = [ranks.get(name, "") for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK")]
    known = [int(one) for one in told if one.isdecimal() and len(one) < _DIGITS]
    return (known[0] if known else 0, str(folder.path))


def _started(folder: RunFolder) -> float:
    started = (folder.marker or {}).get("started_at")
    return float(started) if isinstance(started, (int, float)) else folder.started or time.time()


def _may_live_here(folder: RunFolder, training: Training) -> bool:
    """Whether a process of this computer trains it; or, where that cannot be told, whether it grows and says so."""
    if training.is_alive is not None:
        return training.is_alive
    marker = read_marker(folder.path) or {}
    says_so = claims_this_system(marker, ThisMachine()) and marker.get("outcome") not in OUTCOMES
    return says_so and _age(folder.log) < UNTOLD


def _age(path: Path) -> float:
    """Seconds since it changed; long ago where it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return max(_FRESH, UNTOLD)
