"""A power cut (simulated, see `cut_power`): what the local server acknowledged is there afterwards; what it did not may
be gone, and costs nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from faults import cut_power
from runferry.server.run_folder import CONSOLE, HISTORY
from runferry.server.store import Store

pytestmark = [
    pytest.mark.kill,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform == "win32", reason="folders are put down by themselves there"),
]


@dataclass
class Acknowledged:
    """Of one run. `sent`: one more may have been written than was acknowledged."""

    rows: list[str] = field(default_factory=list)
    console: dict[int, str] = field(default_factory=dict)
    config: int = -1
    summary: int = -1
    files: dict[str, bytes] = field(default_factory=dict)


class Writer(threading.Thread):
    """A client that writes everything there is, until the server is gone."""

    def __init__(self, url: str, key: str, name: str, seed: int) -> None:
        super().__init__(name=f"writer-{name}")
        self.run_name, self.got = name, Acknowledged()
        self._url, self._random = url, random.Random(seed)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = ("api", key)

    def run(self) -> None:
        try:
            for number in range(10_000):
                self._step(number)
        except requests.RequestException:
            pass
        finally:
            self._session.close()

    def _step(self, number: int) -> None:
        got = self.got
        if number % 7 == 0:
            self._ask(
                UPSERT, i={"name": self.run_name, "modelName": "p", "config": json.dumps({"n": {"value": number}})}
            )
            got.config = number
        rows = [json.dumps({"_step": len(got.rows) + more}) for more in range(self._random.randint(1, 5))]
        line = self._random.randint(max(0, len(got.console) - 2), len(got.console))  # sometimes one is written again
        self._post(
            {
                HISTORY: {"offset": len(got.rows), "content": rows},
                CONSOLE: {"offset": line, "content": [f"line {number}"]},
                "wandb-summary.json": {"offset": 0, "content": [json.dumps({"n": number})]},
            }
        )
        got.rows += rows
        got.console = {key: text for key, text in got.console.items() if key != line} | {line: f"line {number}"}
        got.summary = number
        if number % 5 == 0:
            self._upload(f"f{number}/a", self._random.randbytes(self._random.randint(1, 50_000)))

    def _upload(self, name: str, content: bytes) -> None:
        asked = {"projectName": "p", "runName": self.run_name, "files": [name]}
        address = self._ask(UPLOAD, i=asked)["createRunFiles"]["files"][0]["uploadUrl"]
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        reply = requests.put(address, data=content, headers={"Content-MD5": digest}, timeout=20)
        assert reply.status_code == 200
        self.got.files[name] = content

    def _ask(self, query: str, **variables: Any) -> Any:
        reply = self._session.post(self._url + "/graphql", json={"query": query, "variables": variables}, timeout=20)
        assert reply.status_code == 200
        return reply.json()["data"]

    def _post(self, files: dict[str, Any]) -> None:
        url = f"{self._url}/files/local/p/{self.run_name}/file_stream"
        assert self._session.post(url, data=json.dumps({"files": files}), timeout=20).status_code == 200


UPSERT = "mutation U($i: UpsertBucketInput!) { upsertBucket(input: $i) { inserted } }"
UPLOAD = "mutation F($i: CreateRunFilesInput!) { createRunFiles(input: $i) { files { uploadUrl } } }"


@dataclass(frozen=True)
class Cut:
    """What happened: the store as it was when the power went, the copies, the key, and what each run was told."""

    data: Path
    mirror: Path
    key: str
    store_id: str
    told: dict[str, Acknowledged]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    folder = tmp_path_factory.mktemp("power")
    seed = random.randrange(2**32)
    print("seed", seed)
    data, mirror = folder / "store", folder / "mirror"
    mirror.mkdir()
    command = [sys.executable, cut_power.__file__, str(mirror), "serve", "--data", str(data), "--port", "0", "--owned"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        key = (data / "key").read_text().strip()
        writers = [Writer(url, key, f"r{number}", seed + number) for number in range(4)]
        for one in writers:
            one.start()
        time.sleep(random.Random(seed).uniform(3, 5))
    finally:
        server.kill()
        server.communicate(timeout=20)
    for one in writers:
        one.join(30)
    store_id = json.loads((data / "store.json").read_text())["store"]
    return Cut(data, mirror, key, store_id, {one.run_name: one.got for one in writers})


@pytest.mark.parametrize("with_names", [False, True], ids=["nothing more", "and all names"])
def test_what_was_acknowledged_is_there(cut: Cut, tmp_path: Path, with_names: bool) -> None:
    cut_power.left_over(cut.mirror, cut.data, tmp_path / "store", with_names=with_names)
    store = Store.open(tmp_path / "store")
    try:
        assert (store.key, store.store_id, store.notes) == (cut.key, cut.store_id, [])
        for name, told in cut.told.items():
            assert told.rows, "nothing was written"
            folder = store.run("local", "p", name)
            assert folder is not None
            with folder.lock:
                rows = [one.decode() for one in folder.lines(HISTORY).iterate()]
                console = [one.decode() for one in folder.lines(CONSOLE).iterate()]
            assert rows[: len(told.rows)] == told.rows
            assert len(rows) - len(told.rows) <= 5  # of the request that was not answered
            different = [one for one, text in told.console.items() if console[one] != text]
            assert len(different) <= 1
            assert folder.record.config["n"]["value"] >= told.config
            assert folder.summary()["n"] >= told.summary
            for file, content in told.files.items():
                stored = folder.file(file)
                assert stored is not None
                assert stored.path.read_bytes() == content
    finally:
        store.close()
