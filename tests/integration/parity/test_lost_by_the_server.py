"""A server loses lines that it had acknowledged: they are sent again, each once, and the run ends verified.

Simulated: between two runs of the server its files are cut back, as a power cut did to a server that acknowledged
before its disk had the lines (Runferry's own did, until version 0.1).
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from support import stores, training
from support.processes import RUNFERRY, Server, python, runferry, serving, started, until

LINES = ("wandb-history.jsonl", "wandb-events.jsonl", "output.log")


def keep_first(path: Path, count: int) -> None:
    """Cut a file of lines."""
    if path.exists():
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:count]))


def some_of_all(folder: Path) -> None:
    for name in LINES:
        keep_first(folder / name, 7)


def all_but_the_record(folder: Path) -> None:
    for one in folder.iterdir():
        if one.name != "run.json":
            shutil.rmtree(one) if one.is_dir() else one.unlink()


def a_block_inside(folder: Path) -> None:
    history = folder / "wandb-history.jsonl"
    lines = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(b"".join([*lines[:10], *(5 * [b"\n"]), *lines[15:]]))


def console_and_summary(folder: Path) -> None:
    keep_first(folder / "output.log", 3)
    (folder / "wandb-summary.json").write_text("{}")


def the_record(folder: Path) -> None:
    (folder / "run.json").write_bytes(b"")
    (folder.parents[3] / "index.sqlite").unlink()
    keep_first(folder / "wandb-history.jsonl", 20)


LOSSES = [some_of_all, all_but_the_record, a_block_inside, console_and_summary, the_record]


@pytest.mark.parametrize("lose", LOSSES)
def test_what_a_server_lost_is_sent_again_once(tmp_path: Path, work: Path, lose: Callable[[Path], None]) -> None:
    python(training.recorded(), work)
    with serving(tmp_path / "store") as server:
        assert runferry("sync", work, **server.environ).code == 0
        before = stores.read(server.data, "rich")
    lose(before.folder)
    with serving(tmp_path / "store") as server:
        again = runferry("sync", work, "--json", **server.environ)
        after = stores.read(server.data, "rich")
        third = runferry("sync", work, "--json", **server.environ)
    assert (again.code, again.object["state"]) == (0, "verified"), again.object
    assert (after.rows, after.events, after.console) == (before.rows, before.events, before.console)
    assert (after.summary, after.config, after.digests) == (before.summary, before.config, before.digests)
    assert after.record["state"] == "finished"
    assert after.alerts == before.alerts or lose is all_but_the_record  # people were told already
    assert (third.object["state"], third.object["rows_sent"]) == ("verified", 0)
    if lose is not console_and_summary:
        assert "lost lines" in again.err


PART = """
import runferry
run = runferry.init(id="parts", project="parity", resume="allow", settings={"console": "off"})
for number in range(%d, %d):
    run.log({"whole": number})
run.finish()
"""


def test_two_logs_of_one_run_send_each_their_own(tmp_path: Path, work: Path) -> None:
    for first, end in ((0, 10), (10, 20)):
        python(PART % (first, end), work)
        with serving(tmp_path / "store") as server:
            assert runferry("sync", work, **server.environ).code == 0
    before = stores.read(tmp_path / "store", "parts")
    assert len(before.rows) == 20
    keep_first(before.folder / "wandb-history.jsonl", 6)
    with serving(tmp_path / "store") as server:
        again = runferry("sync", work, "--json", **server.environ)
    assert again.code == 0, again.out
    assert stores.read(tmp_path / "store", "parts").rows == before.rows


LIVE = """
import pathlib, time, runferry
run = runferry.init(id="parts", project="parity", settings={"console": "off"})
for number in range(30):
    run.log({"whole": number})
while not pathlib.Path("go-on").exists():
    time.sleep(0.05)
for number in range(30, 40):
    run.log({"whole": number})
run.finish()
"""


def test_a_live_run_goes_on_after_its_server_lost_some(tmp_path: Path, work: Path) -> None:
    """App and training run all the time; the server comes back at another place in time, on its old port."""
    log = tmp_path / "watch.log"
    (work / "train.py").write_text(LIVE)
    with contextlib.ExitStack() as stack, contextlib.ExitStack() as server_ends:
        server = server_ends.enter_context(serving(tmp_path / "store"))
        port = server.url.rpartition(":")[2]
        stack.enter_context(started(*RUNFERRY, "watch", work, cwd=work, log=log, **server.environ))
        training_log = tmp_path / "training.log"
        trained = stack.enter_context(started(sys.executable, work / "train.py", cwd=work, log=training_log))
        until(lambda: len(stores.row_lines(server.data, "parts")) == 30, "the rows")
        server_ends.close()
        keep_first(stores.read(tmp_path / "store", "parts").folder / "wandb-history.jsonl", 11)
        with serving(tmp_path / "store", port) as again:
            (work / "go-on").touch()
            assert trained.wait(60) == 0, training_log.read_text()
            assert runferry("try-now").code == 0
            until(lambda: len(stores.row_lines(again.data, "parts")) == 40, "the lost rows")
            until(lambda: "✓ verified" in runferry("status").out, "the verdict")
            rows = [json.loads(one)["whole"] for one in stores.row_lines(again.data, "parts")]
    assert rows == list(range(40))


def test_a_run_that_was_deleted_is_not_sent_again(server: Server, work: Path) -> None:
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    delete(server)
    again = runferry("sync", work, "--json", **server.environ)
    assert (again.code, again.object["error"]["slug"]) == (1, "deleted-on-server")
    assert not stores.exists(server.data, "rich")


@pytest.mark.parametrize("rows", [0, 3])
def test_nor_one_that_somebody_began_anew_under_its_name(server: Server, work: Path, rows: int) -> None:
    python(training.recorded(), work)
    assert runferry("sync", work, **server.environ).code == 0
    delete(server)
    ask(server, 'mutation { upsertBucket(input: {name: "rich", modelName: "parity"}) { inserted } }')
    if rows:
        content = [json.dumps({"_step": number, "other": number}) for number in range(rows)]
        post(server, {"files": {"wandb-history.jsonl": {"offset": 0, "content": content}}})
    again = runferry("sync", work, "--json", **server.environ)
    assert (again.code, again.object["error"]["slug"]) == (1, "rows-lost-on-server")
    assert len(stores.row_lines(server.data, "rich")) == rows


def delete(server: Server) -> None:
    """And wait until a new one would begin at another time: servers tell seconds."""
    run = stores.read(server.data, "rich").record
    identifier = base64.b64encode(f"Run:v1:rich:{run['project']}:{run['entity']}".encode()).decode()
    ask(server, f'mutation {{ deleteRun(input: {{id: "{identifier}"}}) {{ clientMutationId }} }}')
    until(lambda: int(time.time()) > int(run["created"]), "the next second")


def ask(server: Server, query: str) -> None:
    reply = requests.post(server.url + "/graphql", json={"query": query}, auth=("api", server.key), timeout=20)
    assert "errors" not in reply.json(), reply.text


def post(server: Server, body: object) -> None:
    url = f"{server.url}/files/local/parity/rich/file_stream"
    assert requests.post(url, json=body, auth=("api", server.key), timeout=20).status_code == 200
