"""The real wandb client against the local server: every row, value and file comes back, and the protocol holds."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

pytestmark = pytest.mark.peer


class Peer(Protocol):
    """See conftest."""

    folder: Path
    server: Any

    def script(self, script: str, **environ: str) -> Any: ...
    def start(self, script: str, **environ: str) -> Any: ...
    def command(self, *arguments: str) -> str: ...
    def run_folder(self, name: str, project: str = "demo") -> Path: ...


TRAIN = """
import json, pathlib, numpy as np, wandb
pathlib.Path("data").mkdir(exist_ok=True)
pathlib.Path("data/notes.txt").write_text("hello file\\n")
run = wandb.init(project="demo", id="r1", name="shown", tags=["a", "b"], notes="notes", group="g", job_type="train",
                 config={"lr": 0.1, "nested": {"a": 1}})
print("hello stdout \\u00e9")
run.define_metric("val/*", step_metric="custom_step")
for i in range(200):
    run.log({"loss": 1.5 / (i + 1), "n": {"x": {"y": i}}, "val/x": i, "custom_step": 2 * i, "text": "\\u00fc\\u2603",
             "bad": [float("nan"), float("inf"), float("-inf")][i % 3]})
run.log({"image": wandb.Image(np.zeros((4, 5, 3), dtype=np.uint8)), "histogram": wandb.Histogram([1, 2, 3]),
         "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
run.save("data/notes.txt")
run.alert("title", "text", level="WARN", wait_duration=0)
artifact = wandb.Artifact("ds", type="dataset", metadata={"k": 1})
artifact.add_file("data/notes.txt")
with artifact.new_file("sub/n.json") as file:
    file.write("{}")
run.log_artifact(artifact, aliases=["latest", "best"])
run.finish()
print("null")
"""

READ = """
import json, wandb
api = wandb.Api()
run = api.run("local/demo/r1")
rows = list(run.scan_history(page_size=37))
files = {one.name: [one.size, one.md5] for one in run.files(per_page=3)}
run.file("data/notes.txt").download(root="down")
print(json.dumps({
    "rows": rows, "loss": [row["loss"] for row in run.scan_history(keys=["_step", "loss"])],
    "samples": len(run.history(samples=20, pandas=False)), "keyed": len(run.history(keys=["loss"], pandas=False)),
    "system": len(run.history(stream="system", pandas=False)), "state": run.state, "name": run.name,
    "config": run.config, "summary": dict(run.summary._json_dict), "tags": run.tags, "notes": run.notes,
    "group": run.group, "job_type": run.job_type, "last": run.lastHistoryStep, "lines": run._attrs["historyLineCount"],
    "files": files, "logged": sorted(one.name for one in run.logged_artifacts()), "metadata": run.metadata["program"],
    "projects": [one.name for one in api.projects("local")], "runs": [one.id for one in api.runs("local/demo")],
}))
"""


def _check_rows(rows: list[dict[str, Any]]) -> None:
    assert [row["_step"] for row in rows] == list(range(201))
    for number, row in enumerate(rows[:200]):
        assert row["loss"] == pytest.approx(1.5 / (number + 1))
        assert row["n"] == {"x": {"y": number}}
        assert row["text"] == "ü☃"
        bad = row["bad"]
        assert math.isnan(bad) if number % 3 == 0 else bad == (math.inf if number % 3 == 1 else -math.inf)
    assert rows[200]["image"]["_type"] == "image-file"
    assert rows[200]["histogram"]["_type"] == "histogram"
    assert rows[200]["table"]["_type"] == "table-file"


def _check_run(wandb: Peer) -> None:
    read = wandb.script(READ)
    _check_rows(read["rows"])
    assert len(read["loss"]) == 200
    assert read["samples"] == 20
    assert read["keyed"] == 200
    assert read["system"] >= 1
    assert read["lines"] == 201
    assert read["last"] == 200
    assert (read["state"], read["name"], read["tags"], read["notes"]) == ("finished", "shown", ["a", "b"], "notes")
    assert (read["group"], read["job_type"]) == ("g", "train")
    assert read["config"] == {"lr": 0.1, "nested": {"a": 1}}
    assert read["summary"]["custom_step"] == 398
    assert read["logged"] == ["ds:v0", "run-r1-table:v0"]
    assert (read["projects"], read["runs"]) == (["demo"], ["r1"])
    assert read["files"]["data/notes.txt"] == [11, base64.b64encode(hashlib.md5(b"hello file\n").digest()).decode()]
    assert {"config.yaml", "wandb-summary.json", "wandb-metadata.json", "output.log"} <= set(read["files"])
    assert sum(name.startswith("media/") for name in read["files"]) == 2
    assert (wandb.folder / "down/data/notes.txt").read_text() == "hello file\n"
    folder = wandb.run_folder("r1")
    assert len((folder / "wandb-history.jsonl").read_text().splitlines()) == 201
    assert "hello stdout é" in [json.loads(one)["content"] for one in (folder / "output.log").read_text().splitlines()]
    assert json.loads((folder / "alerts.jsonl").read_text())["title"] == "title"


def test_an_online_run_comes_back_whole(wandb: Peer) -> None:
    wandb.script(TRAIN)
    _check_run(wandb)


def test_an_offline_run_synced_by_the_official_command_comes_back_whole(wandb: Peer) -> None:
    wandb.script(TRAIN, WANDB_MODE="offline")
    assert not wandb.run_folder("r1").exists()
    folder = next((wandb.folder / "wandb").glob("offline-run-*"))
    wandb.command("sync", str(folder))
    assert list(folder.glob("*.synced"))
    _check_run(wandb)


def test_gzip_bodies_are_understood(wandb: Peer) -> None:
    wandb.script(TRAIN, WANDB_X_FILE_STREAM_NO_GZIP="false")
    rows = (wandb.run_folder("r1") / "wandb-history.jsonl").read_text().splitlines()
    assert sorted(json.loads(one)["_step"] for one in rows) == list(range(201))


STEP = """
import json, sys, wandb
with wandb.init(project="demo", id="{id}", resume={resume!r}) as run:
    start = run.starting_step
    for _ in range(3):
        run.log({{"a": 1}})
print(json.dumps([start, run.resumed]))
"""


def _rows(folder: Path) -> Iterator[int]:
    return (json.loads(one)["_step"] for one in (folder / "wandb-history.jsonl").read_text().splitlines())


def test_resuming_goes_on_after_the_last_row(wandb: Peer) -> None:
    assert wandb.script(STEP.format(id="r", resume="allow")) == [0, False]
    assert wandb.script(STEP.format(id="r", resume="must")) == [3, True]
    assert wandb.script(STEP.format(id="r", resume="allow")) == [6, True]
    assert list(_rows(wandb.run_folder("r"))) == list(range(9))
    for name, resume in (("r", "never"), ("nobody", "must")):
        refused = wandb.start(STEP.format(id=name, resume=resume))
        assert refused.returncode != 0
        assert "UsageError" in refused.stderr
    assert not wandb.run_folder("nobody").exists()


def test_an_offline_resume_is_renumbered_at_sync(wandb: Peer) -> None:
    wandb.script(STEP.format(id="r", resume="allow"))
    wandb.script(STEP.format(id="r", resume="allow"), WANDB_MODE="offline")
    wandb.command("sync", str(next((wandb.folder / "wandb").glob("offline-run-*"))))
    assert list(_rows(wandb.run_folder("r"))) == list(range(6))


def test_a_crash_is_a_failure_and_auto_resumes(wandb: Peer) -> None:
    crash = (
        "import wandb\nrun = wandb.init(project='demo', resume='auto')\nrun.log({'a': 1})\n"
        "if run.starting_step == 0: raise RuntimeError\nrun.finish()\nprint(run.starting_step)"
    )
    assert wandb.start(crash).returncode == 1
    folders = list(wandb.run_folder("x").parent.glob("*/run.json"))
    assert len(folders) == 1
    assert json.loads(folders[0].read_text())["state"] == "failed"
    assert wandb.start(crash).stdout.split()[-1] == "1"
    assert json.loads(folders[0].read_text())["state"] == "finished"


ARTIFACTS = """
import json, pathlib, wandb
with wandb.init(project="demo", id="user") as run:
    used = run.use_artifact("ds:best")
    used.download(root="got")
    used.aliases.append("new")
    used.description = "described"
    used.save()
    same = wandb.Artifact("ds", type="dataset", metadata={"k": 1})
    same.add_file("data/notes.txt")
    with same.new_file("sub/n.json") as file:
        file.write("{}")
    run.log_artifact(same).wait()
    other = wandb.Artifact("ds", type="dataset")
    other.add_file("data/notes.txt")
    other.add_reference("https://example.invalid/x", name="elsewhere", checksum=False)
    run.log_artifact(other).wait()
api = wandb.Api()
found = api.artifact("local/demo/ds:new")
print(json.dumps({
    "used": used.version, "same": same.version, "other": other.version, "description": found.description,
    "aliases": sorted(found.aliases), "metadata": found.metadata, "files": sorted(one.name for one in found.files()),
    "by": found.logged_by().id, "users": [one.id for one in found.used_by()], "size": found.size,
    "inputs": [one.name for one in api.run("local/demo/user").used_artifacts()],
    "types": sorted(one.name for one in api.artifact_types("local/demo")),
    "versions": [one.version for one in api.artifacts("dataset", "local/demo/ds")],
    "got": {one.relative_to("got").as_posix(): one.read_text() for one in pathlib.Path("got").rglob("*.*")},
}))
"""


def test_artifacts_are_used_downloaded_changed_and_deduplicated(wandb: Peer) -> None:
    wandb.script(TRAIN)
    found = wandb.script(ARTIFACTS)
    assert found["used"] == "v0"
    assert found["got"] == {"notes.txt": "hello file\n", "sub/n.json": "{}"}
    assert (found["same"], found["other"]) == ("v0", "v1")
    assert found["aliases"] == ["best", "new"]
    assert (found["description"], found["metadata"], found["size"]) == ("described", {"k": 1}, 13)
    assert found["files"] == ["notes.txt", "sub/n.json"]
    assert (found["by"], found["users"], found["inputs"]) == ("r1", ["user"], ["ds:v0"])
    assert found["types"] == ["dataset", "run_table"]
    assert sorted(found["versions"]) == ["v0", "v1"]


CHANGE = """
import json, wandb
api = wandb.Api()
run = api.run("local/demo/r")
run.notes, run.config["lr"], run.summary["best"] = "changed", 5, 0.5
run.tags.append("late")
run.update()
run = wandb.Api().run("local/demo/r")
after = [run.notes, run.config, run.summary["best"], run.tags, run.state]
queries = [{"config.lr": 5}, {"config.lr": {"$gt": 5}}, {"state": "finished"}, {"tags": {"$in": ["late"]}}]
counts = [len(wandb.Api().runs("local/demo", filters=one)) for one in queries]
run.delete()
print(json.dumps([after, counts, len(wandb.Api().runs("local/demo", per_page=1))]))
"""


def test_runs_are_changed_filtered_and_deleted(wandb: Peer) -> None:
    wandb.script(STEP.format(id="r", resume="allow"))
    wandb.script(STEP.format(id="other", resume="allow"))
    after, counts, left = wandb.script(CHANGE)
    assert after == ["changed", {"lr": 5}, 0.5, ["late"], "finished"]
    assert counts == [1, 0, 2, 1]
    assert left == 1


STOP = """
import time, wandb
run = wandb.init(project="demo", id="r")
wandb.Api().run("local/demo/r").stop()
try:
    for number in range(600):
        run.log({"a": number})
        time.sleep(0.1)
except KeyboardInterrupt:
    print("stopped")
"""


def test_a_stop_reaches_the_run(wandb: Peer) -> None:
    done = wandb.start(STOP, WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL="1")
    assert "stopped" in done.stdout, done.stdout + done.stderr
