"""Measuring this host for the runs that are trained on it: what the engine starts when it watches, and fronts ask.

Rows go to files in the state folder first and from there to servers, so that neither an outage nor a restart loses
any. Nothing is measured before `start`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runferry.engine.kept_curves import KeptCurves
from runferry.engine.residents import Residents
from runferry.errors import AppError
from runferry.formats.detect import RunFolder
from runferry.metrics.collector import Collector, LiveRun
from runferry.metrics.sample import HostSample
from runferry.metrics.sampler import Options
from runferry.settings import Settings
from runferry.state.samples import SampleFile, SampleStore, last_row
from runferry.status import MeasuredStatus

log = logging.getLogger(__name__)

Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""By name: times (seconds since the epoch) and values; NaN where one is missing."""


class HostMetrics:
    """One per engine. Any thread may ask.

    candidates: runs that may live here. on_row: new rows of the run in this folder are kept. on_end: its training is
    gone.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        candidates: Callable[[], Sequence[RunFolder]],
        on_row: Callable[[Path], None],
        on_end: Callable[[Path], None],
    ) -> None:
        self._store = SampleStore(folder)
        self._candidates, self._on_row, self._on_end = candidates, on_row, on_end
        self._residents = Residents()
        self._folders: dict[str, RunFolder] = {}
        self._options = options(settings)
        self._is_on = settings.host_metrics
        self._is_started = False
        self._kept = KeptCurves(self._files_of)
        self._collector = self._new_collector()

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to measure, unless the settings say otherwise."""
        self._is_started = True
        if self._is_on:
            self._store.prune()
            self._collector.start()

    def stop(self) -> None:
        """End; what was measured is kept."""
        self._is_started = False
        self._collector.stop()

    def use(self, settings: Settings) -> None:
        """Take over changed settings; curves begin anew where they matter."""
        if (options(settings), settings.host_metrics) == (self._options, self._is_on):
            return
        self._collector.stop()
        self._options, self._is_on = options(settings), settings.host_metrics
        self._collector = self._new_collector()
        if self._is_started:
            self.start()

    def look_again(self) -> None:
        """A run was found."""
        self._collector.look_again()

    # -- what fronts show ---------------------------------------------------------------------------------------------

    def latest(self) -> HostSample:
        """The host's values, by W&B's names, and the reasons for those that are missing."""
        return self._collector.latest()

    def latest_of(self, run_path: str | Path) -> HostSample | None:
        """A run's own part; None where its training is not on this host (any more)."""
        return self._collector.latest_of(str(run_path))

    def series(self, run_path: str | Path = "") -> Curves:
        """The last hour of the host's values and, with a run's folder, of the run's."""
        return self._collector.series(str(run_path))

    def history(self, run_path: str) -> Curves:
        """All that was measured for the run in this folder, alive or not: what is kept, then the newest of it."""
        found = {name: (list(times), list(values)) for name, (times, values) in self._kept.of(run_path).items()}
        if self.latest_of(run_path) is not None:
            for name, (times, values) in self.series(run_path).items():
                before = found.setdefault(name, ([], []))
                end = before[0][-1] if before[0] else 0.0
                new = [(when, value) for when, value in zip(times, values, strict=True) if when > end]
                before[0].extend(when for when, _ in new)
                before[1].extend(value for _, value in new)
        return found

    def unmeasured(self, run_path: str | Path) -> dict[str, str]:
        """What cannot be measured for a run that is trained here, and why; empty for any other run."""
        own = self.latest_of(run_path)
        return {} if own is None else {**self.latest().reasons, **own.reasons}

    def measured(self) -> MeasuredStatus | None:
        """Everything at this moment, for `runferry status`; None before the first measurement."""
        host = self._collector.latest()
        if not host.time:
            return None
        runs = self._collector.runs()
        return MeasuredStatus(
            time=host.time,
            values=dict(host.values),
            reasons=dict(host.reasons),
            runs={path: dict(one.values) for path, one in runs.items()},
            run_reasons={path: dict(one.reasons) for path, one in runs.items()},
        )

    # -- what the sync asks -------------------------------------------------------------------------------------------

    def files(self, identity: str, run_folder: Path) -> Sequence[SampleFile]:
        """See `sync.sample_source`."""
        return self._store.files(identity, run_folder)

    def finish(self, run_folder: Path) -> None:
        """See `sync.sample_source`."""
        self._collector.finish(str(run_folder))

    def _files_of(self, folder: RunFolder) -> Sequence[SampleFile]:
        return self._store.files(self._residents.identity(folder), folder.path)

    # -- inside, on the collector's thread ----------------------------------------------------------------------------

    def _new_collector(self) -> Collector:
        return Collector(self._options, self._find, self._keep, self._previous, self._ended)

    def _find(self) -> list[LiveRun]:
        folders = self._candidates()
        self._folders = {str(one.path): one for one in folders}
        found = self._residents.find(folders)
        if not self._residents.is_settled:
            self._collector.look_again()
        return found

    def _path(self, run: LiveRun) -> Path | None:
        folder = self._folders.get(run.key)
        return self._store.path(self._residents.identity(folder)) if folder else None

    def _keep(self, run: LiveRun, rows: Sequence[str]) -> None:
        path = self._path(run)
        if path is not None:
            self._store.append(path, rows)
            self._on_row(Path(run.key))

    def _previous(self, run: LiveRun) -> Mapping[str, Any]:
        path = self._path(run)
        return last_row(path) if path else {}

    def _ended(self, run: LiveRun) -> None:
        try:
            self._on_end(Path(run.key))
        except AppError as error:
            log.warning("%s: %s", run.key, error)


def options(settings: Settings) -> Options:
    """How to measure, by the settings."""
    return Options(settings.metrics_interval, settings.metrics_average, settings.metrics_disks or ("/",))
