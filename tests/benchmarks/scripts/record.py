"""Run by either Python: import, init, log; what each call took goes to a JSON file. Nothing here may be slow itself.

Arguments: module (runferry or wandb), folder, rows, result file. Both write offline runs.
"""

import importlib
import json
import os
import sys
import time

name, folder, rows, result = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
clock = time.perf_counter_ns


def count_processes(pid: int) -> int:
    """How many processes are below this one."""
    count = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            count += sum(1 + count_processes(int(child)) for child in file.read().split())
    return count


begin = clock()
module = importlib.import_module(name)
imported = clock()
run = module.init(project="bench", mode="offline", dir=folder)
ready = clock()

calls = []
for step in range(rows):
    row = {"loss": 1.0 / (step + 1), "accuracy": step / rows, "lr": 3e-4, "epoch": step // 100, "grad": step * 0.37}
    before = clock()
    run.log(row)
    calls.append(clock() - before)
threads = len(os.listdir("/proc/self/task")) - 1
processes = count_processes(os.getpid())
run.finish()

writes = []
piece = b"x" * 300
file = os.open(os.path.join(folder, "plain"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for _ in range(rows):
    before = clock()
    os.write(file, piece)
    writes.append(clock() - before)
os.close(file)

with open(result, "w") as out:
    json.dump(
        {
            "import_ns": imported - begin,
            "init_ns": ready - imported,
            "log_ns": calls,
            "write_ns": writes,
            "threads": threads,
            "processes": processes,
        },
        out,
    )
