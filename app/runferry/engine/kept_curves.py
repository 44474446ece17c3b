"""The measurements of a run as curves, from the files that they are kept in: what is left of them when it has ended."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runferry.formats.detect import RunFolder, identify
from runferry.regular_files import open_below
from runferry.state.samples import SampleFile, parsed

Curve = tuple[list[float], list[float]]
"""Times (seconds since the epoch) and values."""

AGAIN = 30.0  # seconds between two readings of files that grow
MOST = 8 << 20  # bytes of one file, the newest: a week's


class KeptCurves:
    """Of the run that was asked for last. files: of a run's folder; any thread."""

    def __init__(self, files: Callable[[RunFolder], Sequence[SampleFile]]) -> None:
        self._files = files
        self._last: tuple[str, float, dict[str, Curve]] = ("", 0.0, {})

    def of(self, run_path: str) -> dict[str, Curve]:
        """By name, without the ``system.`` before each; empty where nothing was measured."""
        path, read, found = self._last
        if path == run_path and time.monotonic() - read < AGAIN:
            return found
        folder = identify(Path(run_path))
        found = {}
        if isinstance(folder, RunFolder):
            for one in self._files(folder):
                _read(one.path, found)
        self._last = (run_path, time.monotonic(), found)
        return found


def _read(path: Path, curves: dict[str, Curve]) -> None:
    try:
        with open_below(path.parent, path.name) as file:
            file.seek(max(os.fstat(file.fileno()).st_size - MOST, 0))
            lines = file.read().split(b"\n")
    except OSError:
        return
    for row in filter(None, map(parsed, lines)):
        when = row["_timestamp"]
        if not isinstance(when, int | float):
            continue
        for key, value in row.items():
            if key.startswith("system.") and isinstance(value, int | float) and math.isfinite(value):
                times, values = curves.setdefault(key[len("system.") :], ([], []))
                times.append(float(when))
                values.append(float(value))
