"""Run by our Python: a run that logs some rows, then waits for its end, logging a row now and then.

Arguments: run id (empty: any), rows at the start, seconds between two rows after that (0: none), seconds to wait.
The folder is $WANDB_DIR.
"""

import sys
import time

import runferry

run_id, rows, pause, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
run = runferry.init(project="idle", id=run_id or None, config={"lr": 3e-4, "layers": 12})
end = time.monotonic() + seconds
for step in range(rows):
    run.log({"loss": 1.0 / (step + 1), "accuracy": step / rows, "lr": 3e-4})
while (left := end - time.monotonic()) > 0:
    time.sleep(min(pause or left, left))
    if pause:
        run.log({"loss": 0.1, "accuracy": 0.9, "lr": 3e-4})
run.finish()
