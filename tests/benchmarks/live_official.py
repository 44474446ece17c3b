"""From the arrival of a row's last byte in the file of an official offline run to the row on the local server.

The bytes of a real log are appended piece by piece, torn anywhere, to a file that grows while `runferry watch` runs:
what the official client itself waits before it writes (15 s or 32 KiB) is not ours to measure.
"""

from __future__ import annotations

import random
import shutil
import time
from bisect import bisect_left
from pathlib import Path

from arrivals import Arrivals
from figures import Result, at_most, median, percentile
from official_runs import log_of, small
from rig import serving, watching

from runferry.formats import quick
from runferry.wire.scanning import Scanner

SECONDS = 12.0
PIECES = 150
PATIENCE = 30.0


def measure(folder: Path) -> Result:
    """Seconds per row."""
    source = small()[0]
    log = log_of(source)
    data, ends = log.read_bytes(), _row_ends(log)
    cuts = [*sorted(random.Random(5).sample(range(100, len(data)), PIECES - 1)), len(data)]
    target = folder / "watched" / "wandb" / source.name
    target.parent.mkdir(parents=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.wandb"))
    written: list[float] = []
    with serving(folder) as server, watching(folder / "watched", folder, server):
        run_id = source.name.rsplit("-", 1)[-1]
        with Arrivals(server.history("bench", run_id)) as arrivals, (target / log.name).open("wb", 0) as file:
            begin = 0
            for end in cuts:
                file.write(data[begin:end])
                written.append(time.monotonic())
                begin = end
                time.sleep(SECONDS / PIECES)
            arrivals.wait_for(len(ends), PATIENCE)
    waits = [arrivals.at[step] - written[bisect_left(cuts, end)] for step, end in enumerate(ends)]
    figures = [
        at_most("bytes of an official run to the server, p95", "s", percentile(waits, 0.95), None, 1),
        at_most("bytes of an official run to the server, p50", "s", median(waits), None, 1),
    ]
    return Result(figures, {"s": waits})


def _row_ends(log: Path) -> list[int]:
    """Where each row's record ends, in bytes: where the next one begins."""
    with log.open("rb") as file:
        records = Scanner().read(file, limit=log.stat().st_size, finished=True).records
    following = [place for place, _ in records[1:]] + [log.stat().st_size]
    return [
        end for (_, payload), end in zip(records, following, strict=True) if quick.body(payload)[2] == quick.HISTORY
    ]
