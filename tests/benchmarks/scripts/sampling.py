"""Measures the host as the app does, for some runs of some processes each; tells what that cost.

    sampling.py RUNS PROCESSES SECONDS

The processes sleep. Prints JSON: percent of a core, and MiB that the measuring added to this process.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path


def resident() -> float:
    """Memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def sleeping_run(processes: int) -> int:
    """A process with children, all asleep; its id. It ends its children when it is told to end."""
    pid = os.fork()
    if pid:
        return pid
    children = []
    for _ in range(processes - 1):
        child = os.fork()
        if not child:
            signal.pause()
        children.append(child)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pause()
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os._exit(0)


def main(runs: int, processes: int, seconds: float) -> None:
    """Fork before anything else is loaded, so that the sleepers are small."""
    pids = [sleeping_run(processes) for _ in range(runs)]
    import psutil  # the app has it anyway

    from runferry.metrics.collector import Collector, LiveRun
    from runferry.metrics.sampler import Options

    psutil.cpu_times(percpu=True)
    gc.collect()
    before = resident()
    live = [LiveRun(f"/runs/{pid}", (pid,), time.time()) for pid in pids]
    rows: list[int] = []
    collector = Collector(Options(), lambda: live, lambda run, lines: rows.append(len(lines)))
    time.sleep(1.0)
    spent = time.process_time()
    begin = time.monotonic()
    collector.start()
    threading.Event().wait(seconds)
    cost = 100.0 * (time.process_time() - spent) / (time.monotonic() - begin)
    more = resident() - before
    measured = sum(sample.values.get("proc.processes", 0.0) for sample in collector.runs().values())
    collector.stop()
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    print(json.dumps({"cpu": cost, "memory": more, "processes": measured, "rows": sum(rows)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
