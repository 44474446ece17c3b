"""Why a training cannot be stopped: it has ended, and how; or it runs elsewhere."""

from __future__ import annotations

import time
from datetime import datetime

from runferry.errors import AppError, PermanentError
from runferry.formats.detect import RunFolder
from runferry.formats.liveness import Life, run_state
from runferry.formats.marker import read_marker
from runferry.formats.readers import extent, open_reader
from runferry.metrics.alive import OUTCOMES
from runferry.status import RunState


def why_not_running(folder: RunFolder) -> AppError:
    """What to tell whoever wants to stop a run that no process of this computer trains. Reads its log to the end."""
    state, when = _end_of(folder)
    if state.value in OUTCOMES:
        return PermanentError(
            "already-ended",
            "This run has already ended",
            f"{folder.path}: {state} on {datetime.fromtimestamp(when).astimezone():%Y-%m-%d at %H:%M:%S}.",
            "Nothing is left to stop.",
        )
    if state is RunState.CRASHED:
        return PermanentError(
            "not-running-here",
            "This run's training is gone",
            f"{folder.path}: its process is not there any more, and nothing says how it ended. It crashed.",
            "Nothing is left to stop.",
        )
    return PermanentError(
        "not-running-here",
        "This run's training is not running on this computer",
        f"No living process of this computer belongs to {folder.path}.",
        "Stop it where it runs.",
    )


def _end_of(folder: RunFolder) -> tuple[RunState, float]:
    """How it ended, and when (seconds since the epoch): by the recorder, or by its log, which the end changed last."""
    marker = read_marker(folder.path) or {}
    reader = open_reader(folder.log)
    try:
        changed = extent(folder.log).mtime_ns / 1e9
        if marker.get("outcome") in OUTCOMES:
            told = marker.get("ended_at")  # a claim, too: never later than now
            return RunState(marker["outcome"]), min(float(told), time.time()) if told and told > 0 else changed
        while not reader.read().at_end:
            pass
    except (AppError, OSError):
        return RunState.UNKNOWN, 0.0
    return run_state(folder, reader.content, Life(time.time(), changed)), changed
