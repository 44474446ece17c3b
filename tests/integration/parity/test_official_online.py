"""The official client online, against the local server: what `wandb.Api()` reads back is what its own log holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runferry.formats.log_reader import LogReader
from support import stores, training
from support.processes import Server, python, run, runferry

pytestmark = pytest.mark.peer

READ = """
import json, wandb
run = wandb.Api().run("local/parity/rich")
print(json.dumps({
    "rows": list(run.scan_history(page_size=17)), "config": run.config, "summary": dict(run.summary._json_dict),
    "files": {one.name: one.size for one in run.files(per_page=4)}, "state": run.state, "name": run.name,
    "tags": run.tags, "notes": run.notes, "group": run.group, "artifacts": [a.name for a in run.logged_artifacts()],
}))
"""

RESUME = """
import wandb
with wandb.init(project="parity", id="rich", resume="must") as run:
    for step in range(10):
        run.log({"resumed": step})
"""


def read_back(peer: Path, work: Path, server: Server) -> Any:
    script = work / "read.py"
    script.write_text(READ)
    done = run(peer, script, cwd=work, WANDB_SILENT="true", **server.environ)
    assert done.code == 0, done.err
    return stores.parse(done.out.splitlines()[-1])


def logged(folder: Path) -> list[Any]:
    """The rows of a run's own log."""
    reader, lines = LogReader(next(folder.glob("*.wandb"))), []
    while True:
        batch = reader.read(finished=True)
        lines += batch.history
        if batch.at_end:
            return [stores.parse(one) for one in lines]


def test_an_online_run_is_read_back_whole_and_resumed(peer: Path, server: Server, work: Path) -> None:
    python(training.official(True), work, interpreter=peer, WANDB_SILENT="true", **server.environ)
    (folder,) = [one for one in (work / "wandb").glob("run-*") if one.is_dir()]
    found, rows = read_back(peer, work, server), logged(folder)
    assert len(rows) == 44
    assert found["rows"] == rows
    assert found["config"]["name"] == "ünïcode ☃ 🎉"
    assert found["config"]["later"] == 5
    assert found["summary"]["best"] == {"max": 9}
    assert found["summary"]["written"] == {"by": "hand", "value": {"non-finite": "Infinity"}}
    assert (found["state"], found["name"], found["tags"], found["notes"]) == (
        "finished", "rich ü", ["a", "ü b"], "notes\nü",
    )  # fmt: skip
    assert found["artifacts"] == ["run-rich-table:v0"]
    on_disk = {one.relative_to(folder / "files").as_posix() for one in (folder / "files").rglob("*") if one.is_file()}
    assert on_disk <= set(found["files"])
    assert found["files"]["sub/live.bin"] == 256 * 40
    console = stores.read(server.data, "rich").console
    assert (True, "bar: 100% |##########|") in console
    assert (False, "after two empty lines") in console
    # Asked by name, the official client's own online run is taken as it is: nothing goes there twice.
    asked = runferry("sync", folder, "--json", **server.environ)
    # (An online client does not write its artifacts into the log, so none is missing.)
    assert (asked.object["rows"], asked.object["rows_sent"], asked.object["artifacts"]) == (44, 0, 0), asked.err
    assert (asked.object["state"], asked.code) == ("verified", 0)
    assert len(stores.row_lines(server.data, "rich")) == 44
    assert stores.read(server.data, "rich").record["state"] == "finished"
    python(RESUME, work, interpreter=peer, WANDB_SILENT="true", **server.environ)
    found = read_back(peer, work, server)
    assert found["rows"][:44] == rows
    assert [row.get("resumed") for row in found["rows"][44:]] == list(range(10))
    assert [row["_step"] for row in found["rows"][44:]] == list(range(rows[-1]["_step"] + 1, rows[-1]["_step"] + 11))
    assert found["config"]["later"] == 5
    assert json.dumps(found["summary"]["best"]) == '{"max": 9}'
