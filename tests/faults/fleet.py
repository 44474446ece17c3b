"""Many trainings at once, each a process of its own that writes one run: forked, so that a hundred are quickly there.

argv: project, how many, rows of each, seconds between two rows, seconds to stay alive after the last one. Prints the
id of each run when it has ended, and nothing else.
"""

import os
import sys
import time

import runferry

project, count, rows, pause, stay = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]


def train(run_id: str) -> None:
    """One run, at its pace however long `log` takes."""
    run = runferry.init(project=project, id=run_id, config={"rows": rows})
    begin = time.monotonic()
    for step in range(rows):
        runferry.log({"value": step, "half": step / 2})
        time.sleep(max(begin + (step + 1) * pause - time.monotonic(), 0.0))
    time.sleep(float(stay))
    run.finish()


children = {}
for number in range(count):
    name = f"load{number:03}"
    pid = os.fork()
    if not pid:
        train(name)
        sys.exit(0)
    children[pid] = name
while children:
    pid, status = os.wait()
    name = children.pop(pid)
    if status:
        sys.exit(f"{name} ended with {status}")
    os.write(1, f"{name}\n".encode())
