"""Training scripts that use as much as a client can do, for the official client and for our recorder."""

from __future__ import annotations

_COMMON_START = """
import math, pathlib, sys, time
pathlib.Path("data/sub").mkdir(parents=True, exist_ok=True)
pathlib.Path("data/now.txt").write_text("saved at once\\n")
pathlib.Path("data/sub/live.bin").write_bytes(bytes(range(256)) * 40)
pathlib.Path("data/end ü.txt").write_text("not yet the end")
pathlib.Path("data/empty").write_text("")
config = {
    "lr": 1e-4, "epochs": 3, "name": "ünïcode ☃ 🎉", "none": None, "yes": True, "list": [1, 2.5, "three", None, [4]],
    "nested": {"a": {"b": {"c": 1}}, "dotted.key": 2, "empty": {}}, "empty_list": [], "text": "line 1\\nline 2: #'\\"",
    "big": 2**53, "small": -0.0, "numeric text": "1e3", "boolean text": "true",
}
"""

_COMMON_LOOP = """
run.define_metric("val/*", step_metric="epoch", summary="min")
run.define_metric("best", summary="max")
run.define_metric("hidden", hidden=True)
for step in range(40):
    row = {
        "loss": 1.5 / (step + 1), "whole": step, "big": 2**62 + step, "tiny": 5e-324, "text": f"ü☃🎉 {step}",
        "nested": {"deep": {"value": step * 0.1}, "other": [1, step, "x"]}, "dotted.key": step, "slash/key": -step,
        "best": [3, 9, 1][step % 3], "hidden": step, "flag": step % 2 == 0, "none": None,
        "odd": [math.nan, math.inf, -math.inf][step % 3], "odds": [math.nan, 1.0, math.inf],
        "empty": {}, "quote": "a\\"b\\\\c\\n\\t\\x00", "zero": -0.0,
    }
    if step % 10 == 9:
        row.update({"epoch": step // 10, "val/accuracy": 0.5 + step / 100, "val/loss": 10 - step})
    run.log(row)
run.log({"part one": 1}, commit=False)
run.log({"part two": 2})
run.log({"jump": 1}, step=100)
run.log({"jump": 2}, step=200)
print("plain line")
print("ünïcode ☃ 🎉")
print("to stderr", file=sys.stderr)
for percent in range(0, 101, 5):
    print(f"\\rbar: {percent:3d}% |{'#' * (percent // 10):10s}|", end="", file=sys.stderr)
print(file=sys.stderr)
print("first of two\\nsecond of two")
print("\\x1b[A\\x1b[Arewritten", end="\\n\\n")
print("\\x1b[32mgreen\\x1b[0m")
print()
print()
print("after two empty lines")
print("a long line " + "x" * 5000)
sys.stdout.write("no newline at the end")
run.save("data/now.txt", base_path="data", policy="now")
run.save("data/sub/*", base_path="data", policy="live")
run.save("data/end*", base_path="data", policy="end")
run.save("data/empty", base_path="data", policy="end")
run.summary["written"] = {"by": "hand", "value": math.inf}
run.summary["text"] = "ü"
run.alert("An alert ü", "its text", level="WARN")
run.config["later"] = 5
pathlib.Path("data/end ü.txt").write_text("the end")
"""

_MEDIA = """
import numpy as np
pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
run.log({
    "image": wandb.Image(pixels, caption="a ü caption"), "images": [wandb.Image(pixels), wandb.Image(255 - pixels)],
    "panel/image": wandb.Image(pixels), "histogram": wandb.Histogram([1, 2, 2, 3]), "html": wandb.Html("<b>ü</b>"),
    "array": np.float32(1.5), "long array": np.arange(5.0),
})
"""

_TABLE = """
run.log({"table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2.5, "ü"], [math.nan, None]])})
"""


def official(with_table: bool, run_id: str = "rich") -> str:
    """A script for the official client; its mode comes from the environment."""
    start = (
        f"{_COMMON_START}\nimport wandb\n"
        f"run = wandb.init(project='parity', id='{run_id}', name='rich ü', tags=['a', 'ü b'], notes='notes\\nü', "
        "group='group', job_type='train', config=config, "
        "settings=wandb.Settings(x_stats_sampling_interval=0.5))\n"
    )
    return start + _COMMON_LOOP + _MEDIA + (_TABLE if with_table else "") + "run.finish()\n"


def recorded(run_id: str = "rich", options: str = "") -> str:
    """The same for our recorder, which has no media classes."""
    start = (
        f"{_COMMON_START}\nimport runferry\n"
        f"run = runferry.init(project='parity', id='{run_id}', name='rich ü', tags=['a', 'ü b'], notes='notes\\nü', "
        f"group='group', job_type='train', config=config{options})\n"
    )
    return start + _COMMON_LOOP + "run.finish()\n"


def short(run_id: str, rows: int = 5, options: str = "", first: int = 0) -> str:
    """A few rows and a line of output, with our recorder."""
    return (
        "import runferry\n"
        f"with runferry.init(project='parity', id={run_id!r}{options}) as run:\n"
        f"    for step in range({first}, {first + rows}):\n"
        "        run.log({'loss': 1 / (step + 1), 'whole': step})\n"
        "        print('step', step)\n"
    )


_ARTIFACTS = """
import os, pathlib, wandb
data = pathlib.Path("data")
(data / "dir" / "deep").mkdir(parents=True)
(data / "notes.txt").write_text("hello file\\n")
(data / "own.bin").write_bytes(bytes(range(256)) * 400)
(data / "local.txt").write_text("a local reference")
(data / "dir" / "a.txt").write_text("a")
(data / "dir" / "deep" / "b.txt").write_text("b")
(data / "empty").write_text("")

def make(more=None):
    made = wandb.Artifact("ds", type="dataset", description="a ü description", metadata={"k": 1, "ü": ["x", None]})
    made.add_file("data/notes.txt")
    made.add_file("data/own.bin", policy="immutable")
    made.add_file("data/notes.txt", name="skip/n.txt", skip_cache=True)
    made.add_dir("data/dir", name="tree")
    made.add_file("data/empty")
    made.add_reference("https://example.invalid/x", name="elsewhere", checksum=False)
    made.add_reference("file://" + os.path.abspath("data/local.txt"), name="local")
    with made.new_file("sub/n.json") as file:
        file.write("{}")
    if more:
        with made.new_file("more ü.txt") as file:
            file.write(more)
    return made

run = wandb.init(project="parity", id="arts")
run.log({"x": 1, "table": wandb.Table(columns=["a"], data=[[1], [2]])})
run.log_artifact(make(), aliases=["best", "latest"])
run.log_artifact(make())
run.log_artifact(make("second"), aliases=["newest"], tags=["t1", "t2"])
table = wandb.Table(columns=["a"], data=[[5]])
first = wandb.Artifact("with-table", type="evaluation")
first.add(table, "inner")
run.log_artifact(first)
second = wandb.Artifact("refers", type="evaluation")
second.add(table, "again")
run.log_artifact(second)
run.log({"x": 2})
run.finish()
"""


def artifacts() -> str:
    """A script for the official client that logs six artifacts: five versions, since two are equal."""
    return _ARTIFACTS
