"""A training script that uses everything the recorder has. Run by test_wandb_sync; arguments: folder."""

from __future__ import annotations

import math
import pathlib
import sys

import runferry

folder = pathlib.Path(sys.argv[1])
run = runferry.init(
    project="digits",
    name="all of it",
    config={"lr": 0.1, "layers": {"n": 2, "sizes": [8, 4]}, "ü": "naïve ☃ 𝄞", "nothing": None, "odd": math.inf},
    dir=folder,
    id="all-of-it.1",
    entity="me",
    group="g",
    job_type="train",
    tags=["a", "b"],
    notes="first line\nsecond",
    save_code=True,
)
run.define_metric("loss", summary="min,max,mean,last,first")
run.define_metric("epoch")
run.define_metric("val/*", step_metric="epoch")
run.define_metric("hidden", hidden=True, summary="none")
for step in range(5):
    run.log({"loss": 2.0 / (step + 1), "epoch": step, "n": {"x": step, "y": {"z": step / 2}}, "a.b": step})
run.log({"val/acc": 0.5, "hidden": 1})
run.log(
    {"nan": math.nan, "inf": -math.inf, "big": 2**60, "huge": 2**70, "none": None, "text": 'quo"te\n☃ 𝄞', "on": True}
)
run.log({"hist": {"_type": "histogram", "bins": [0, 1, 2], "values": [3, 4]}, "list": [1, 2.5, "x"]})
run.log({"late": 1}, step=20)
run.log({"late2": 2}, step=20)
run.log({"past": 1}, step=3)
run.log({"last": 1}, step=21)
run.config.lr = 0.2
run.config.update({"new": {"k": 1}, "layers": {"n": 3}}, allow_val_change=True)
run.summary["best"] = 9
run.summary["gone"] = 1
del run.summary["gone"]
saved = folder / "notes.txt"
saved.write_text("saved")
run.save(str(saved), base_path=str(folder), policy="now")
run.alert("Look", "at this", level="WARN", wait_duration=5)
run.tags = ("a", "c")
print("hello stdout")
print("hello stderr", file=sys.stderr)
sys.exit(3)
