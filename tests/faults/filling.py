"""A training whose disk is full for a while: its files may not grow between two points.

The limit on file sizes stands for the full disk: writes fail in the same way, and no rights are needed to set it.
"""

import os
import resource
import sys
from pathlib import Path

import runferry

run = runferry.init(project="p", id="filled")
log = next(Path(os.environ["WANDB_DIR"]).rglob("run-filled.wandb"))
ROWS = 300


def log_rows(start: int) -> None:
    for step in range(start, start + ROWS):
        runferry.log({"value": step})


log_rows(0)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 2000, hard))
log_rows(ROWS)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log_rows(2 * ROWS)
run.finish()
sys.exit(0)
