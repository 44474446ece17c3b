"""A run in other processes: what is made of it by `copy`, `pickle`, fork, spawn, forkserver and joblib.

In one process a run is one object: a copy is the run itself. In a child process it can be read, and the first thing
that is to be recorded there begins a *part* of the run: a folder and a log of its own with the same run id, rows that
count on from the step at which the run was handed over, and neither console nor config nor an end of the run. Whoever
delivers the folders puts them together. Nothing here raises into a training.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, NamedTuple

from runferry.recorder.faults import Faults
from runferry.recorder.folder import RunFolder
from runferry.recorder.metrics import Rule
from runferry.recorder.settings import RunSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runferry.recorder.recording import Recording
    from runferry.recorder.run import Run

LAST = -1000  # multiprocessing calls the highest priority first


class Part(NamedTuple):
    """What a part of a run is made of; `first`: its run record."""

    recording: Recording
    folder: RunFolder
    marker: dict[str, Any]
    first: dict[str, Any]


class Passed(NamedTuple):
    """A run on its way to another process; `refusal`: why nothing of it is recorded any more."""

    token: str
    settings: RunSettings
    folder: RunFolder | None
    started: float
    origin: float
    step: int
    resumed: bool
    config: dict[str, Any]
    summary: dict[str, Any]
    rules: list[Rule]
    part_of: str
    refusal: str


_here: dict[str, Any] = {}
"""Runs of this process that were handed on, or came from another, by token."""


def passed_on(run: Run) -> Passed:
    """What another process needs of a run."""
    if not run.token:
        run.token = os.urandom(16).hex()
        _here[run.token] = run
    recording, parts = run.recording, run.parts
    is_over = recording.refusal if recording.elsewhere is None else ""
    return Passed(
        run.token,
        run.settings,
        parts.folder,
        run.start_time,
        recording.origin,
        recording.step,
        parts.resumed,
        run.config.as_dict(),
        run.summary.as_dict(),
        recording.rules.all(),
        run.part_of,
        is_over,
    )


def restored(passed: Passed) -> Run:
    """The run itself where it is known in this process, else one that records its own part."""
    known: Run | None = _here.get(passed.token)
    if known is None:
        known = _here[passed.token] = _from_elsewhere(passed)
    return known


def begin(run: Run, beside: RunFolder, known: Recording, faults: Faults) -> Part:
    """See `start.begin_part`."""
    from runferry.recorder.start import begin_part

    run.part_of = run.part_of or os.path.basename(beside.path)
    return begin_part(run.settings, beside, run.part_of, known, faults)


def call_at_end(action: Callable[[], object]) -> Any:
    """Children of multiprocessing end without `atexit`: they have a list of their own. Gives the entry, which can be
    cancelled; None in any other process."""
    util = sys.modules.get("multiprocessing.util")
    process: Any = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        return util.Finalize(None, action, exitpriority=LAST)
    return None


def _from_elsewhere(passed: Passed) -> Run:
    from runferry.recorder.config import RunConfig
    from runferry.recorder.recording import Recording
    from runferry.recorder.run import Parts, Run
    from runferry.recorder.values import plain

    settings = passed.settings
    faults = Faults(settings.silent)
    recording = Recording(None, settings.run_id, passed.origin, faults, passed.step)
    recording.metrics_only = settings.metrics_only
    for rule in passed.rules:
        recording.rules.keep(rule)
    recording.summary.know(passed.summary)
    config = RunConfig(lambda value: plain(value, faults, False), faults.note)
    for key, value in passed.config.items():
        config.assign((key,), value)
    run = Run(Parts(settings, recording, config, faults, passed.folder, {}, passed.resumed, passed.started))
    run.token, run.part_of = passed.token, passed.part_of
    run.came_from_elsewhere(passed.refusal)
    return run
