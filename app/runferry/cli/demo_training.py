"""The demo's training: a line fitted through noisy points by gradient descent, recorded as any script would."""

from __future__ import annotations

import random
import time

import runferry

STEPS = 300


def train() -> None:
    """Fit ``y = 3x - 1`` and log what happens; takes about six seconds."""
    chance = random.Random(0)  # noqa: S311 - the same numbers each time
    points = [(x / 50, 3 * x / 50 - 1 + chance.gauss(0, 0.1)) for x in range(-50, 50)]
    slope, offset, rate = 0.0, 0.0, 0.05
    run = runferry.init(project="demo", name="a line through noise", config={"rate": rate, "steps": STEPS})
    for step in range(STEPS):
        errors = [(slope * x + offset - y, x) for x, y in points]
        slope -= rate * sum(error * x for error, x in errors) / len(points)
        offset -= rate * sum(error for error, _ in errors) / len(points)
        loss = sum(error * error for error, _ in errors) / len(points)
        runferry.log({"loss": loss, "model": {"slope": slope, "offset": offset}})
        if step % 50 == 0:
            print(f"step {step}: loss {loss:.4f}")
        time.sleep(0.02)  # a real model would take its time too
    run.finish()
