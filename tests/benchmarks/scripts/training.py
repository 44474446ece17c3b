"""A training whose work is always the same: blocks of arithmetic with short pauses, a row after each.

    training.py CLIENT SECONDS BLOCKS

CLIENT: plain (records nothing), runferry, wandb, or both. SECONDS: how long it lasts; 0: until the BLOCKS are done.
"""

from __future__ import annotations

import sys
import time


def begin(client: str) -> list[object]:
    """The runs that are recorded."""
    runs: list[object] = []
    if client in ("wandb", "both"):
        import wandb

        runs.append(wandb.init(project="beside", id="theirs", settings=wandb.Settings(x_stats_sampling_interval=2.0)))
    if client in ("runferry", "both"):
        import runferry

        runs.append(runferry.init(project="beside", id="ours"))
    return runs


def main(client: str, seconds: float, blocks: int) -> None:
    """Train."""
    runs = begin(client)
    ballast = bytearray(64 << 20)
    end = time.monotonic() + seconds
    step = 0
    while (time.monotonic() < end) if seconds else (step < blocks):
        total = sum(number * number for number in range(60_000))
        ballast[step % len(ballast)] = total & 0xFF
        for run in runs:
            run.log({"loss": 1.0 / (step + 1), "total": total})  # type: ignore[attr-defined]
        time.sleep(0.01)
        step += 1
    for run in runs:
        run.finish()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
