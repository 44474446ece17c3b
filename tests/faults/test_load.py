"""A hundred live runs at ten rows a second through one app: nothing is lost, and what it costs is printed.

A short form in each test run; the whole minute with RUNFERRY_LONG=1.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from faults.rig import IS_LONG, Place, Program, until

RUNS, SECONDS = (100, 60) if IS_LONG else (20, 8)
RATE = 10
ROWS = SECONDS * RATE
FLEET = Path(__file__).with_name("fleet.py")
MEMORY_LIMIT = 200  # MiB of the app's own process; measured: see docs/reliability.md


def fleet(place: Place) -> Program:
    """The trainings; they end by themselves."""
    words = [sys.executable, str(FLEET), "p", str(RUNS), str(ROWS), str(1 / RATE), "0"]
    return Program(words, place.folder, "fleet", WANDB_DIR=str(place.runs))


@pytest.mark.timeout(400)
def test_many_live_runs_at_once(place: Place) -> None:
    names = [f"load{number:03}" for number in range(RUNS)]
    with place.runferry("watch", place.runs, "--server", "local") as watch:
        watch.says("Press Ctrl+C")
        app = psutil.Process(watch.process.pid)
        server = psutil.Process(until(place.server_pid))
        with fleet(place) as trainings:
            begun, cpu_before = time.monotonic(), (_cpu(app), _cpu(server))
            peak, early = 0.0, 0.0
            while trainings.process.poll() is None:
                peak = max(peak, app.memory_info().rss / 2**20)
                if not early and trainings.out:  # the first one ended
                    early = sum(len(place.values(name)) for name in names) / (RUNS * ROWS)
                time.sleep(0.1)
            assert trainings.wait() == 0, trainings.err
            took = time.monotonic() - begun
            load = [(_cpu(one) - before) / took for one, before in zip((app, server), cpu_before, strict=True)]
        ended = time.monotonic()
        until(lambda: watch.err.count(f"{ROWS} rows verified") == RUNS, 120, watch.err[-1000:])
        print(
            f"{RUNS} runs at {RATE} rows/s for {took:.0f} s: {load[0]:.0%} of a core and at most {peak:.0f} MiB for "
            f"the app, {load[1]:.0%} of a core for the local server; {early:.0%} of the rows were there when the "
            f"first training ended; all verified {time.monotonic() - ended:.1f} s "
            f"after the last training's end; afterwards {app.memory_info().rss / 2**20:.0f} MiB"
        )
        assert "Traceback" not in watch.err
        assert watch.end()[0] == 0
    for name in names:
        assert place.values(name) == list(range(ROWS)), name
    assert early > 0.25, "rows waited for the end of the trainings"
    assert peak < MEMORY_LIMIT


def _cpu(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
