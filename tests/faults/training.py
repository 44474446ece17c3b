"""A training in a process of its own: logs, and tells each step after `log` came back, past all buffers.

argv: project, run id, rows (0: without end), pause in seconds, finish (1) or just keep the process.
"""

import os
import sys
import time

import runferry

project, run_id, count, pause, finishes = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
run = runferry.init(project=project, id=run_id, config={"rows": count})
padding = "x" * int(os.environ.get("PADDING", "0"))  # bytes that make a row long
step = 0
while not count or step < count:
    runferry.log({"value": step, "half": step / 2, "sent_at": time.time(), "padding": padding})
    os.write(1, b"%d\n" % step)
    step += 1
    if pause:
        time.sleep(pause)
if finishes == "1":
    run.finish()
