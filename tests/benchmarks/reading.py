"""The reader alone, on a log by the real client: how much of a sync's time it is."""

from __future__ import annotations

import time
from pathlib import Path

from figures import Figure, Result, median
from official_runs import LARGE_ROWS, large, log_of

from runferry.formats.log_reader import LogReader

TURNS = 3


def measure(folder: Path) -> Result:
    """Rows per second of this process's time, so that a busy machine does not matter."""
    log = log_of(large())
    taken = [_read(log) for _ in range(TURNS)]
    figure = Figure("reading the 100,000 rows", "rows/s (CPU)", LARGE_ROWS / median(taken), higher_is_better=True)
    return Result([figure], {"cpu_s": taken, "bytes": log.stat().st_size})


def _read(log: Path) -> float:
    begin = time.process_time()
    reader = LogReader(log)
    while not reader.read(finished=True).at_end:
        pass
    assert reader.content.rows == LARGE_ROWS
    return time.process_time() - begin
