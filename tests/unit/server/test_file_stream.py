"""The file stream over HTTP: what was acknowledged is on disk, and states follow."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from runferry.server import bodies, run_folder
from server_rig import Client

HISTORY = "wandb-history.jsonl"


def history(client: Client, run: str = "r1") -> list[str]:
    return (client.server.store.path / "runs/local/p" / run / HISTORY).read_text().splitlines()


def test_rows_are_kept_as_they_were_sent(client: Client) -> None:
    client.upsert()
    rows = ['{"_step":0,"a":NaN,"b":-Infinity}', '{"_step":1,"big":123456789012345678901234567890,"s":"é ☃ \\ud800"}']
    assert client.post({"files": {HISTORY: {"offset": 0, "content": rows}}}).status_code == 200
    assert history(client) == rows
    shown = client.run("history historyLineCount historyTail historyKeys")
    assert shown["history"] == rows
    assert shown["historyLineCount"] == 2
    assert json.loads(shown["historyTail"]) == rows[-1:]
    assert shown["historyKeys"]["lastStep"] == 1


def test_a_retry_changes_nothing_and_a_gap_is_visible(client: Client) -> None:
    client.upsert()
    for _ in range(3):
        client.post({"files": {HISTORY: {"offset": 0, "content": ['{"_step":0}', '{"_step":1}']}}})
    client.post({"files": {HISTORY: {"offset": 4, "content": ['{"_step":4}']}}})
    assert history(client) == ['{"_step":0}', '{"_step":1}', "", "", '{"_step":4}']
    assert client.run("historyLineCount historyHoleCount") == {"historyLineCount": 5, "historyHoleCount": 2}


def test_the_last_summary_wins_and_is_given_back_verbatim(client: Client) -> None:
    client.upsert()
    client.post({"files": {"wandb-summary.json": {"offset": 0, "content": ['{"a":1}', '{"a":NaN}']}}})
    client.post({"files": {"wandb-summary.json": {"offset": 7, "content": ['{"a":Infinity}']}}})
    assert client.run("summaryMetrics") == {"summaryMetrics": '{"a":Infinity}'}


def test_console_lines_may_be_rewritten(client: Client) -> None:
    client.upsert()
    client.post({"files": {"output.log": {"offset": 0, "content": ["a 10%", "b"]}}})
    client.post({"files": {"output.log": {"offset": 0, "content": ["a 100%"]}}})
    shown = client.run("logLineCount logLines(first: 5) { edges { node { number line } } }")
    assert [one["node"]["line"] for one in shown["logLines"]["edges"]] == ["a 100%", "b"]


def test_states_follow_what_is_sent(client: Client) -> None:
    client.upsert()
    assert client.run("state") == {"state": "running"}
    client.post({"complete": True, "exitcode": 0})
    assert client.run("state") == {"state": "finished"}
    client.post({"uploaded": ["config.yaml"]})
    client.upsert(notes="late")
    assert client.run("state") == {"state": "finished"}
    client.post({"files": {HISTORY: {"offset": 0, "content": ["{}"]}}})
    assert client.run("state") == {"state": "running"}
    client.post({"complete": True, "exitcode": 1})
    assert client.run("state exitcode") == {"state": "failed", "exitcode": 1}
    client.post({"preempting": True})
    assert client.run("state") == {"state": "preempting"}


def test_stop_is_told_until_the_run_ends(client: Client) -> None:
    identifier = client.upsert()["bucket"]["id"]
    assert "stopped" not in client.post({}).json()
    client.ask("mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }", id=identifier)
    assert client.post({}).json()["stopped"] is True
    assert client.post({}).json()["stopped"] is True
    assert "stopped" not in client.post({"complete": True, "exitcode": 255}).json()
    assert client.run("state") == {"state": "killed"}
    client.upsert()
    assert "stopped" not in client.post({}).json()


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"files": []}',
        '{"files": {"wandb-history.jsonl": []}}',
        '{"files": {"wandb-history.jsonl": {"offset": "0", "content": []}}}',
        '{"files": {"wandb-history.jsonl": {"offset": 0, "content": "x"}}}',
        '{"files": {"wandb-history.jsonl": {"offset": 0, "content": [1]}}}',
        '{"files": {"wandb-history.jsonl": {"offset": -1, "content": ["x"]}}}',
        '{"files": {"wandb-history.jsonl": {"offset": 99999999999, "content": ["x"]}}}',
    ],
)
def test_nonsense_is_refused_and_changes_nothing(client: Client, body: str) -> None:
    client.upsert()
    url = client.server.url + "/files/local/p/r1/file_stream"
    assert client.session.post(url, data=body).status_code == 400
    assert client.run("historyLineCount") == {"historyLineCount": 0}


def test_a_stream_name_cannot_leave_the_folder(client: Client, tmp_path: Path) -> None:
    client.upsert()
    assert client.post({"files": {"../../../evil": {"offset": 0, "content": ["x"]}}}).status_code == 200
    assert not list(tmp_path.rglob("evil"))
    streams = client.server.store.path / "runs/local/p/r1/streams"
    assert [one.name for one in streams.iterdir()] == ["..%2F..%2F..%2Fevil"]


def test_an_unknown_run_is_not_made_up(client: Client) -> None:
    assert client.post({}, run="nobody").status_code == 404


def test_gzip_bodies_and_bombs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.upsert()
    url = client.server.url + "/files/local/p/r1/file_stream"
    body = json.dumps({"files": {HISTORY: {"offset": 0, "content": ["{}"]}}}).encode()

    def post(data: bytes, encoding: str = "gzip") -> int:
        return client.session.post(url, data=data, headers={"Content-Encoding": encoding}).status_code

    assert post(gzip.compress(body[:10]) + gzip.compress(body[10:])) == 200
    assert history(client) == ["{}"]
    assert post(body) == 400
    assert post(gzip.compress(body)[:-9]) == 400
    assert post(body, "br") == 415
    assert post(gzip.compress(b" " * (bodies.MEMORY_LIMIT + 1))) == 413


def test_too_large_bodies_are_refused_by_their_announced_length(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.server.port, timeout=10)
    connection.putrequest("POST", "/graphql")
    connection.putheader("Content-Length", str(bodies.MEMORY_LIMIT + 1))
    connection.putheader("Authorization", f"Bearer {client.server.key}")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_full_disk_is_told_as_507(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.upsert()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder.RunFolder, "write_lines", full)
    reply = client.post({"files": {HISTORY: {"offset": 0, "content": ["{}"]}}})
    assert reply.status_code == 507
    assert "No space" in reply.json()["error"]


SERVE = """
import sys
from pathlib import Path
from runferry.server.serving import serve_forever
serve_forever(Path(sys.argv[1]), "127.0.0.1", 0, lambda url, store: print(url, flush=True))
"""


@pytest.mark.kill
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_no_acknowledged_row_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    acknowledged = 0
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        killer = None
        with requests.Session() as session:
            session.trust_env = False
            session.auth = ("api", (tmp_path / "key").read_text().strip())
            mutation = 'mutation { upsertBucket(input: {name: "r", modelName: "p"}) { bucket { historyLineCount } } }'
            reply = session.post(url + "/graphql", json={"query": mutation}).json()
            assert reply["data"]["upsertBucket"]["bucket"]["historyLineCount"] >= acknowledged
            killer = subprocess.Popen(["/bin/sh", "-c", f"sleep {chance.uniform(0.02, 0.3)}; kill -9 {process.pid}"])
            try:
                while True:
                    rows = [json.dumps({"_step": acknowledged + one, "pad": "x" * 2000}) for one in range(50)]
                    chunk = {"offset": acknowledged, "content": rows}
                    answer = session.post(url + "/files/local/p/r/file_stream", json={"files": {HISTORY: chunk}})
                    assert answer.status_code == 200
                    acknowledged += 50
            except requests.RequestException:
                pass
        killer.wait()
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        # Another tool reads the file as it is, without a server.
        steps = [
            json.loads(one)["_step"]
            for one in (tmp_path / f"runs/local/p/r/{HISTORY}").read_bytes().splitlines()[:acknowledged]
        ]
        assert steps == list(range(acknowledged))
    assert acknowledged > 0


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_process_cleanly(tmp_path: Path, number: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert requests.get(url + "/runferry", timeout=5).status_code == 200
    process.send_signal(number)
    assert process.wait(10) == 0
    process.stdout.close()
