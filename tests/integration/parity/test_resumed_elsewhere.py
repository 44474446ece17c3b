"""A run that was sent, and that the official client resumed online on another computer: its first log turns nothing
back, and stays verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import stores
from support.processes import Server, python, runferry

pytestmark = pytest.mark.peer

TRAINING = """
import os, wandb
config = {"lr": int(os.environ["AT"])}
run = wandb.init(project="parity", id="on", resume="allow", mode=os.environ["MODE"], config=config)
run.define_metric("loss", summary="min,max,mean,last")
for number in range(3):
    run.log({"loss": int(os.environ["AT"]) + number})
print("console", os.environ["AT"])
run.finish(exit_code=int(os.environ["CODE"]))
"""


def test_a_run_that_went_on_online(peer: Path, server: Server, work: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    quiet = {"WANDB_SILENT": "true", **server.environ}
    python(TRAINING, work, interpreter=peer, MODE="offline", AT="10", CODE="0", **quiet)
    assert runferry("sync", work / "wandb", "--json", **server.environ).object["state"] == "verified"
    online = f"{TRAINING}\n" + "assert run.resumed"
    python(online, tmp_path / "elsewhere", interpreter=peer, MODE="online", AT="2", CODE="3", **quiet)
    rows = stores.row_lines(server.data, "on")
    seen = []
    for _ in range(2):
        again = runferry("sync", work / "wandb", "--json", **server.environ)
        assert (again.object["state"], again.object["rows_sent"], again.code) == ("verified", 0, 0), again.err
        stored = stores.read(server.data, "on")
        seen.append((stored.record["exit_code"], stored.config["lr"], stored.summary["loss"], stored.files))
    assert seen[0] == seen[1]
    assert seen[0][:2] == (3, {"value": 2}) or seen[0][:2] == (3, 2)
    loss = {"min": 2, "max": 12, "mean": 3, "last": 4}
    assert {key: seen[0][2][key] for key in loss} == loss
    assert stores.row_lines(server.data, "on") == rows
    assert seen[0][3]["output.log"].count(b"console 10") == 1
