"""Run by the real client: offline runs of a given size. Arguments: folder, runs, rows, bytes of text per row."""

import math
import sys

import wandb

folder, runs, rows, text = sys.argv[1], *map(int, sys.argv[2:])


def values(step: int) -> dict[str, float]:
    """Ten metrics as a training has them."""
    return {
        "train/loss": math.exp(-step / 5e4) + 0.01 * math.sin(step),
        "train/acc": 1 - math.exp(-step / 4e4),
        "lr": 1e-5 * (1 - step / rows),
        "epoch": step // 1000,
        "grad/norm": 1 + 0.5 * math.sin(step / 10),
        "samples_per_s": 1000 + step % 97,
        "val/loss": math.cos(step / 1e4),
        "noise": ((step * 1103515245 + 12345) % 2**31) / 2**31,
        "counter": step,
        "flag": step % 2,
    }


for number in range(runs):
    run = wandb.init(
        project="bench",
        mode="offline",
        dir=folder,
        name=f"run {number}",
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
    )
    for step in range(rows):
        run.log({"text": "x" * text} if text else values(step))
    run.finish()
