"""The part of a recording that outlives its process: whether it still takes records, and who does instead.

A run that is finished takes nothing more. A run that another process records takes nothing here either, but for that a
recording of this process may be begun; see `children`.
"""

from __future__ import annotations

from typing import Any, Callable

from runferry.recorder.faults import Faults
from runferry.recorder.metrics import MetricRules
from runferry.recorder.summary import RunSummary
from runferry.recorder.turns import Turns


class Handover(Turns):
    """Base of `Recording`. started: seconds since the epoch; before: seconds that the run had lasted then."""

    summary: RunSummary

    def __init__(self, faults: Faults, started: float, before: float) -> None:
        super().__init__(faults)
        self.rules = MetricRules()
        self.refusal = ""  # why nothing is recorded any more: finished, forked
        # In a child process: gives the recording of this process instead, None where there can be none.
        self.elsewhere: Callable[[], Any] | None = None
        self.is_lost = False  # that could not be begun
        self.run: Any = None
        self.metrics_only = False  # no notes in the log
        # Microseconds since the epoch from which runtimes count: those of rows, and that of the end.
        self._origin = self._own_origin = int((started - before) * 1e6)

    @property
    def origin(self) -> float:
        """When the run's time began, in seconds since the epoch."""
        return self._origin / 1e6

    def ready(self, what: str) -> Any:
        """What records now: this, or in a child process its own; None, which is told, when nothing does."""
        if not self.refusal:
            return self
        other = self.elsewhere() if self.elsewhere is not None else None
        if other is not None:
            return other.ready(what)
        self.faults.note("too-late", f"{what} does nothing: {self.refusal}")
        return None

    def disown(self) -> None:
        """In a child process: the run is another's."""
        self.restart()
        self.summary.take_changes()  # the parent writes them
        self.refusal = "another process records the run, and this one cannot; use runferry.init() in it"

    def hand_over_summary(self) -> None:
        """Summary values that were set in a child process before it had a recording of its own."""
        other = self.ready("setting the summary")
        changed, removed = self.summary.take_changes()
        if other is None:
            return
        for path, value in changed:
            other.summary.assign(path, value)
        for path in removed:
            other.summary.remove(path)

    def know(self, other: Handover) -> None:
        """Begin with the metric definitions, the summary and the clock of the run that this is a part of."""
        self._origin = other._origin
        for rule in other.rules.all():
            self.rules.keep(rule)
        self.summary.know(other.summary.root.as_dict())

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return recording_of, (self.run,)  # a method of it was handed to another process: `run.log`


def recording_of(run: Any) -> Any:
    """The recording of a run that came from another process."""
    return run.recording
