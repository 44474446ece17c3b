"""The run that the pictures of a run's page show: written by the recorder, from numbers that look like a training."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import runferry

METADATA = {
    "host": "gpu-04",
    "os": "Linux-6.8.0-x86_64",
    "python": "3.11.9",
    "program": "train.py",
    "args": ["--lr", "3e-4", "--model", "resnet"],
    "gpu": "NVIDIA A100",
    "git": {"remote": "git@git.example:vision/imagenet.git", "commit": "8ac41f0"},
}
CONFIG = {
    "lr": 3e-4,
    "batch_size": 256,
    "model": {"name": "resnet", "depth": 50, "width": 64, "norm": "batch"},
    "optimizer": {"name": "adamw", "betas": [0.9, 0.999], "weight_decay": 0.05},
    "data": {"name": "imagenet-1k", "augment": "randaug-m9"},
    "seed": 7,
}


def record(base: Path) -> Path:
    """Gives its folder."""
    chance = random.Random(7)
    run = runferry.init(
        dir=str(base), project="imagenet", name="resnet-7", config=CONFIG, tags=["baseline"],
        settings={"silent": True},
    )  # fmt: skip
    _print()
    for name, size in (("checkpoints/last.pt", 4_800_000), ("confusion.png", 61_000), ("notes.md", 900)):
        path = base / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size))
        run.save(str(path), base_path=str(base / "made"))
    for step in range(2000):
        share = step / 2000
        noise = chance.gauss(0, 0.03)
        run.log(
            {
                "train/loss": 6.9 * math.exp(-4 * share) + 0.6 + 6 * noise * (1.1 - share),
                "train/accuracy": 0.78 * (1 - math.exp(-5 * share)) + noise,
                "val/loss": 6.9 * math.exp(-3.6 * share) + 0.9 + 2 * noise,
                "val/accuracy": 0.74 * (1 - math.exp(-4.5 * share)) + noise / 2,
                "lr": 3e-4 * 0.5 * (1 + math.cos(math.pi * share)),
                "grad_norm": 2.0 + abs(chance.gauss(0, 0.6)) + 8 * math.exp(-30 * share),
            }
        )
    run.finish()
    (found,) = (base / "wandb").glob(f"offline-run-*-{run.id}")
    return found


def _print() -> None:
    """What a training prints; the recorder hears it."""
    lines = ["\x1b[1mimagenet\x1b[0m  1,281,167 images, 1,000 classes", "compiling the model … \x1b[32mdone\x1b[0m"]
    for epoch in range(1, 25):
        loss = 6.9 * math.exp(-epoch / 8) + 0.6
        lines.append(
            f"epoch {epoch:2}  \x1b[36mloss {loss:.3f}\x1b[0m  acc {0.78 * (1 - math.exp(-epoch / 7)):.3f}  4m 12s"
        )
        if epoch == 9:
            lines.append("\x1b[33mwarning: 3 corrupt images were left out\x1b[0m")
    lines.append("\x1b[1mbest\x1b[0m checkpoints/last.pt")
    print("\n".join(lines))


if __name__ == "__main__":
    print(record(Path(sys.argv[1])))
