"""Reads a run's curves from its log, a piece at a time on a task thread, and hands the wanted ones to the charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runferry.desktop.context import Context
from runferry.desktop.run.series import Series
from runferry.engine.curves import CurveReader
from runferry.engine.series import Points


@dataclass(frozen=True)
class Curves:
    """What was read so far. `metrics`, `host`: all names; `drawn`, `drawn_host`: those that were wanted."""

    metrics: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    drawn: dict[str, Series] = field(default_factory=dict)
    drawn_host: dict[str, Series] = field(default_factory=dict)
    at_end: bool = False


class Feed:
    """Of one run at a time. `wanted` tells which curves are shown now: metrics, host metrics."""

    def __init__(
        self,
        context: Context,
        wanted: Callable[[], tuple[Sequence[str], Sequence[str]]],
        show: Callable[[Curves], None],
    ) -> None:
        self._context, self._wanted, self._show = context, wanted, show
        self._reader: CurveReader | None = None
        self._path = ""
        self._is_reading = False
        self._is_asked = False

    def open(self, path: str) -> None:
        """Another run; empty: none."""
        self._path = path
        self._reader = CurveReader(Path(path), self._context.engine.permit) if path else None
        self.look()

    def look(self) -> None:
        """The log may have grown, or other curves are wanted."""
        reader = self._reader
        if reader is None:
            return
        self._is_asked = True
        if not self._is_reading:
            self._next(reader)

    def _next(self, reader: CurveReader) -> None:
        metrics, host = self._wanted()
        self._is_reading, self._is_asked = True, False
        path, host_metrics = self._path, self._context.engine.host_metrics

        def work() -> Curves:
            reader.advance()
            measured = _from_start(host_metrics.history(path))
            logged = reader.system_metrics()
            return Curves(
                metrics=reader.metrics(),
                host=(*logged, *(name for name in measured if name not in logged)),
                drawn={name: _series(reader.points(name), reader.step_metric(name)) for name in metrics},
                drawn_host={
                    name: _series(reader.system_points(name)) if name in logged else measured[name]
                    for name in host
                    if name in logged or name in measured
                },
                at_end=reader.at_end,
            )

        self._context.tasks.run(work, lambda found: self._took(reader, found), lambda _: self._failed(reader))

    def _took(self, reader: CurveReader, found: Curves) -> None:
        if reader is not self._reader:
            self._is_reading = False
            self.look()
            return
        try:
            before = self._wanted()
            # It may ask for others: still reading, as far as `look` is concerned, so that one reads at a time.
            self._show(found)
        finally:
            self._is_reading = False  # also where a chart failed: the next look goes on
        if not found.at_end or self._is_asked or self._wanted() != before:
            self._next(reader)

    def _failed(self, reader: CurveReader) -> None:
        """The run's page says what is wrong with the log; there are no curves."""
        self._is_reading = False
        if reader is not self._reader:
            self.look()


def _series(points: Points, own_name: str = "") -> Series:
    own = points.own if own_name else ()
    return Series(points.steps, points.values, points.times, own=own, own_name=own_name if len(own) else "")


def _from_start(measured: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> dict[str, Series]:
    """What was measured from outside, over the seconds since its first value."""
    begun = min((times[0] for times, _ in measured.values() if times), default=0.0)
    return {
        name: Series([one - begun for one in times], list(values), list(times))
        for name, (times, values) in measured.items()
    }
