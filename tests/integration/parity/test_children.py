"""Rows of child processes arrive with their run: several logs, one run, and the training's own end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import stores
from support.processes import Server, python, runferry

TRAIN = """
import multiprocessing, sys, time
import runferry
def work(run, number):
    for step in range(20): run.log({'val': number + step / 100})
    run.summary[f'child{number}'] = number
    if number == 2: raise SystemExit(9)
if __name__ == '__main__':
    run = runferry.init(project='p', id='family', name='shown', config={'lr': 0.1}, tags=['t'])
    for step in range(50): run.log({'loss': 1 / (step + 1)})
    context = multiprocessing.get_context('METHOD')
    children = [context.Process(target=work, args=(run, number)) for number in range(3)]
    for one in children: one.start()
    for one in children: one.join(60)
    run.config.later = 1
    END
"""


@pytest.mark.parametrize(
    ("method", "end", "code", "order"),
    [
        ("spawn", "run.finish()", 0, "children-first"),
        ("fork", "run.finish(3)", 3, "by-name"),
        ("forkserver", "", 0, "children-first"),
    ],
)
def test_rows_of_children_arrive_and_the_training_tells_the_end(
    server: Server, work: Path, method: str, end: str, code: int, order: str
) -> None:
    python(TRAIN.replace("METHOD", method).replace("END", end), work)
    folders = sorted((work / "wandb").glob("offline-run-*"))
    assert len(folders) == 4
    if order == "children-first":
        folders.sort(key=lambda one: "part_of" not in json.loads((one / "runferry.json").read_text()))
        for one in folders:
            runferry("sync", one, **server.environ)
    done = runferry("sync", *folders, "--json", **server.environ)
    assert done.code == 0, (done.out, done.err)
    assert [one["state"] for one in done.objects] == ["verified"] * 4
    kept = stores.read(server.data, "family", "p")
    assert len(kept.rows) == 50 + 3 * 20
    assert sorted(row["val"] for row in kept.rows if "val" in row) == sorted(
        number + step / 100 for number in range(3) for step in range(20)
    )
    assert kept.record["exit_code"] == code
    assert kept.record["display_name"] == "shown"
    assert {name: kept.config[name] for name in ("lr", "later")} == {"lr": 0.1, "later": 1}
    assert {kept.summary[f"child{number}"] for number in range(3)} == {0, 1, 2}
    assert kept.summary["loss"] == 1 / 50
    again = runferry("sync", *folders, "--json", **server.environ)
    assert (again.code, sum(one["rows_sent"] for one in again.objects)) == (0, 0)
