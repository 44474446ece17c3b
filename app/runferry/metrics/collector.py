"""The thread that measures, and what becomes of each measurement: curves, and rows that are handed on to be kept.

It decides nothing about sending. What it is asked for by other threads is answered from the last measurement.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from runferry.at_work import AT_WORK
from runferry.clock import bounded
from runferry.errors import AppError
from runferry.metrics.averaging import Averager
from runferry.metrics.elapsed import Clocks, SystemClocks
from runferry.metrics.rows import RowMaker
from runferry.metrics.sample import HostSample
from runferry.metrics.sampler import Options, Sampler
from runferry.metrics.series import Series

log = logging.getLogger(__name__)

FIND = 30.0  # seconds between two looks for runs that nobody told us of
_FIRST = 2  # measurements in a run's first row
_PATIENT = 3600  # rows of one run that wait in memory while the disk takes none


@dataclass(frozen=True)
class LiveRun:
    """A run whose training lives on this host. `key`: its folder; `pids`: the processes that it began with, none
    where they cannot be seen.

    `started`: seconds since the epoch. `is_kept`: its rows are wanted (not where the log has such rows itself).
    """

    key: str
    pids: tuple[int, ...]
    started: float
    is_kept: bool = True


@dataclass
class _Followed:
    run: LiveRun
    averager: Averager
    maker: RowMaker
    series: Series = field(default_factory=Series)
    latest: HostSample = field(default_factory=HostSample)
    rows: deque[str] = field(default_factory=lambda: deque(maxlen=_PATIENT))


class Collector:
    """Measures every `interval` seconds between `start` and `stop`.

    find: the runs that live now; asked every `find_every` seconds and after `look_again`. keep: takes rows of a run,
    raising OSError or AppError where it cannot: they are offered again. previous: a run's last row of an earlier time.
    on_end: a run's processes are gone. All are called on the thread of this object.
    """

    def __init__(
        self,
        options: Options,
        find: Callable[[], Sequence[LiveRun]],
        keep: Callable[[LiveRun, Sequence[str]], None],
        previous: Callable[[LiveRun], Mapping[str, float]] = lambda run: {},
        on_end: Callable[[LiveRun], None] = lambda run: None,
        clocks: Clocks | None = None,
        sampler: Sampler | None = None,
        find_every: float = FIND,
    ) -> None:
        self._options, self._find, self._keep = options, find, keep
        self._previous, self._on_end, self._find_every = previous, on_end, find_every
        self._clocks = clocks or SystemClocks()
        self._sampler = sampler or Sampler(options, self._clocks)
        self._lock = threading.RLock()
        self._runs: dict[str, _Followed] = {}
        self._latest = HostSample()
        self._series = Series()
        self._found_at: float | None = None
        self._finished: set[str] = set()
        self._stop_now = threading.Event()
        self._thread: threading.Thread | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; the first values are there an interval later."""
        if self._thread is None:
            self._stop_now.clear()
            self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End the thread; what was measured is handed on."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop_now.set()
        thread.join(timeout)

    def look_again(self) -> None:
        """Runs may have come or gone: `find` is asked at the next measurement."""
        self._found_at = None

    # -- what is known ------------------------------------------------------------------------------------------------

    def latest(self) -> HostSample:
        """The host."""
        return self._latest

    def latest_of(self, key: str) -> HostSample | None:
        """A run's own part; None where it is not measured."""
        followed = self._runs.get(key)
        return followed.latest if followed and followed.latest.time else None

    def runs(self) -> dict[str, HostSample]:
        """Every run that is measured, by key."""
        with self._lock:
            return {key: one.latest for key, one in self._runs.items() if one.latest.time}

    def processes(self, key: str) -> tuple[int, ...]:
        """The processes that a run began with, while it is measured."""
        followed = self._runs.get(key)
        return followed.run.pids if followed else ()

    def series(self, key: str = "") -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
        """The last hour of the host and, with a key, of a run; by name: times and values."""
        followed = self._runs.get(key)
        return {**self._series.columns(), **(followed.series.columns() if followed else {})}

    # -- measuring ----------------------------------------------------------------------------------------------------

    def finish(self, key: str) -> None:
        """The run is over: hand on what was measured, and follow it no longer. Any thread may call it."""
        with self._lock:
            self._finished.add(key)
            followed = self._runs.pop(key, None)
            if followed is not None:
                self._flush(followed)

    def tick(self) -> None:
        """One measurement."""
        now = self._clocks.monotonic()
        if self._found_at is None or now - self._found_at >= self._find_every:
            self._found_at = now
            self._follow(self._find())
        reading = self._sampler.measure()
        self._latest = reading.host
        self._series.add(now, reading.host.time, reading.host.values)
        ended = []
        with self._lock:
            for key, sample in reading.runs.items():
                followed = self._runs.get(key)
                if followed is None:
                    continue
                if sample is None:
                    ended.append(self._runs.pop(key))
                    self._flush(ended[-1])
                    continue
                followed.latest = sample
                followed.series.add(now, sample.time, sample.values)
                self._average(followed, reading.host, sample, reading.is_fresh)
        for one in ended:
            self._on_end(one.run)

    def _average(self, followed: _Followed, host: HostSample, sample: HostSample, is_fresh: bool) -> None:
        if not followed.run.is_kept:
            return
        if is_fresh:
            followed.averager.clear()
        means = followed.averager.add({**host.values, **sample.values})
        if means is not None:
            followed.rows.append(followed.maker.row(means, sample.time))
        self._hand_on(followed)

    def _flush(self, followed: _Followed) -> None:
        if not followed.run.is_kept:
            return
        means = followed.averager.take()
        if means is not None:
            followed.rows.append(followed.maker.row(means, self._clocks.time()))
        self._hand_on(followed)

    def _hand_on(self, followed: _Followed) -> None:
        rows = list(followed.rows)
        if not rows:
            return
        try:
            self._keep(followed.run, rows)
        except (OSError, AppError) as error:
            log.warning("%s: its measurements wait in memory: %s", followed.run.key, error)
            return
        followed.rows.clear()

    def _follow(self, runs: Sequence[LiveRun]) -> None:
        with self._lock:
            wanted = {one.key: one for one in runs if one.key not in self._finished}
            for key in set(self._runs) - set(wanted):
                self._flush(self._runs.pop(key))
            for key, run in wanted.items():
                if key not in self._runs:
                    maker = RowMaker(run.started, self._clocks, self._previous(run))
                    self._runs[key] = _Followed(run, Averager(self._options.window, _FIRST), maker)
            self._sampler.keep({key: one.run.pids for key, one in self._runs.items()})

    def _work(self) -> None:
        due = self._clocks.monotonic()
        while not self._stop_now.is_set():
            try:
                with AT_WORK.turn("measuring this computer"):
                    self.tick()
            except Exception:
                log.exception("measuring failed")
            due = max(due + self._options.interval, self._clocks.monotonic())
            self._stop_now.wait(bounded(due - self._clocks.monotonic()))
        with self._lock:
            for followed in self._runs.values():
                self._flush(followed)
            self._runs = {}
        self._sampler.close()
