"""The metrics of one run as curves, read from its log on disk while it grows. No network, no thread of its own.

`CurveReader.advance` does a bounded piece of work on the caller's (worker) thread; what was read so far may be asked
for at any time, by any thread. Whether the run was sent anywhere does not matter.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson

from runferry.engine.own_steps import OwnSteps
from runferry.engine.series import MOST_POINTS, Points, Series
from runferry.errors import PermanentError
from runferry.formats.detect import NotARun, identify
from runferry.formats.entries import Batch
from runferry.formats.readers import open_reader

AT_ONCE = 0.05  # seconds that one call may take, about
READ = 128 << 10  # bytes of the log at once, at least; the reader gives about 1 MB
MOST_CURVES = 5000
ALL_POINTS = 1_000_000  # of all curves together: 24 MB
_DEEPEST = 8
SOME = 100  # rows between two looks at the clock
_TAKEN = object()


class CurveReader:
    """Curves of the run at `path` (its folder or its log).

    permit: shared with the sync, so that one log at a time is decoded; it is held for milliseconds.
    """

    def __init__(
        self,
        path: Path,
        permit: threading.Semaphore | None = None,
        at_once: float = AT_ONCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._permit, self._at_once, self._now = path, permit, at_once, now
        self._lock = threading.Lock()
        self._log: Path | None = None
        self._restart()

    def _restart(self) -> None:
        self._reader = open_reader(self._log) if self._log else None
        self._metrics: dict[str, Series] = {}
        self._system: dict[str, Series] = {}
        self._own_steps = OwnSteps()
        self._newest: dict[str, float] = {}  # of metrics that are others' x axes
        self._row = 0
        self._taking: Iterator[None] | None = None  # what was read and is not in the curves yet
        self._is_last = False
        self.left_out = 0
        """Keys that got no curve because there are too many."""
        self.at_end = False
        """Whether everything that is complete in the log was read, as of the last `advance`."""

    def advance(self) -> bool:
        """Read what is new, for about 50 ms; whether anything came. Raises AppError where there is nothing to read.

        Call it again at once while it says True and `at_end` is False, else some time later.
        """
        if self._reader is None:
            self._log = _log_of(self._path)
            with self._lock:
                self._restart()
        assert self._reader is not None
        deadline = self._now() + self._at_once
        came = self._taking is not None
        while True:
            if self._taking is None:
                with self._permit or nullcontext():
                    batch = self._reader.read(max_bytes=READ)
                if batch.replaced:
                    with self._lock:
                        self._restart()
                    return True
                came = came or bool(batch.history or batch.events)
                with self._lock:
                    self._own_steps.learn(self._reader.content.metrics)
                self._taking, self._is_last = self._take(batch), batch.at_end
            with self._lock:
                is_taken = next(self._taking, _TAKEN) is _TAKEN
            if is_taken:
                self._taking, self.at_end = None, self._is_last
            else:
                came = True
            if (self.at_end and is_taken) or self._now() >= deadline:
                return came

    @property
    def progress(self) -> float:
        """Part of the log that was read, from 0 to 1."""
        if self._reader is None or self._log is None:
            return 0.0
        try:
            size = self._log.stat().st_size
        except OSError:
            return 1.0
        return min(self._reader.position / size, 1.0) if size else 1.0

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics in the order in which they appeared; nested keys are joined by dots."""
        with self._lock:
            return tuple(self._metrics)

    def system_metrics(self) -> tuple[str, ...]:
        """The same of the samples of the host, without the ``system.`` before each."""
        with self._lock:
            return tuple(self._system)

    def points(self, metric: str) -> Points:
        """The curve of a metric; `steps` are its rows' steps. Empty where there is none."""
        with self._lock:
            series = self._metrics.get(metric) or Series()
            return series.points()

    def step_metric(self, metric: str) -> str:
        """The name of the metric that the run has named as this one's x axis; empty where it has none."""
        with self._lock:
            return self._own_steps.of(metric)

    def system_points(self, metric: str) -> Points:
        """The curve of a host metric; its `steps` are seconds since the start of the run."""
        with self._lock:
            series = self._system.get(metric) or Series()
            return series.points()

    def last(self, metric: str) -> float | None:
        """The newest value of a metric as it was logged, NaN and infinities too."""
        with self._lock:
            series = self._metrics.get(metric)
            return series.last if series is not None else None

    # -- inside -------------------------------------------------------------------------------------------------------

    def _take(self, batch: Batch) -> Iterator[None]:
        """Put a batch into the curves, some rows at each step."""
        for number, (text, step) in enumerate(zip(batch.history, batch.steps, strict=True), 1):
            if number % SOME == 0:
                yield
            row = _object(text)
            at = float(self._row if step is None else step)
            when = _number(row.get("_timestamp"))
            if self._own_steps.are_any:
                self._newest.update(_numbers(row))
            for name, value in _numbers(row):
                axis = self._own_steps.of(name) if self._own_steps.are_any else ""
                own = self._newest.get(axis, math.nan) if axis else None
                self._add(self._metrics, name, at, value, when, own)
            self._row += 1
        for text in batch.events:
            sample = _object(text)
            at, when = _number(sample.get("_runtime")), _number(sample.get("_timestamp"))
            for name, value in _numbers(sample):
                self._add(self._system, name.removeprefix("system."), at, value, when)

    def _add(
        self,
        curves: dict[str, Series],
        name: str,
        step: float,
        value: float,
        when: float,
        own: float | None = None,
    ) -> None:
        """own: where it is on the metric's own axis; None: it has none."""
        series = curves.get(name)
        if series is None:
            count = len(self._metrics) + len(self._system)
            if count >= MOST_CURVES:
                self.left_out += 1
                return
            series = curves[name] = Series(has_own=own is not None)
            room = min(MOST_POINTS, ALL_POINTS // (count + 1))
            if room < MOST_POINTS:
                for one in (*self._metrics.values(), *self._system.values()):
                    one.limit(room)
        series.add(step, value, when, math.nan if own is None else own)


def _log_of(path: Path) -> Path:
    found = identify(path)
    if isinstance(found, NotARun):
        raise PermanentError(
            "not-a-run", "Not a run", found.reason, "If its training has just started, it will have a log soon."
        )
    return found.log


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except ValueError:
        found = json.loads(text)  # NaN and infinities, which orjson refuses
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def _numbers(row: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Every number of a row with its name; media and histograms (objects with a ``_type``) are no curves."""
    for key, value in row.items():
        if not prefix and key.startswith("_"):
            continue
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                yield prefix + key, float(value)
            except OverflowError:
                continue
        elif isinstance(value, dict) and "_type" not in value and depth < _DEEPEST:
            yield from _numbers(value, f"{prefix}{key}.", depth + 1)
        elif isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
            yield prefix + key, float(value)


__all__ = ["CurveReader", "Points"]
