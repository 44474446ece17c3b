"""SIGKILL of the uploading process at every request that artifacts make: in the end each version is there once."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from faults.gate import PASS, RESET, Gate
from support import stores, training
from support.processes import RUNFERRY, Server, environment, python, runferry, serving

pytestmark = [pytest.mark.peer, pytest.mark.kill]

OPERATION = re.compile(rb'"operationName":\s*"(\w*Artifact\w*)"')
PATIENCE = 60


class Killer:
    """Kills a process at the nth request about artifacts: before the server sees it, or when its answer is due."""

    def __init__(self, number: int, after: bool) -> None:
        self._number, self._after = number, after
        self.process: subprocess.Popen[bytes] | None = None
        self.seen = 0
        self.operation = ""
        self.asked: set[str] = set()

    def __call__(self, request: bytes) -> bytes:
        found = OPERATION.search(request)
        if found is None:
            return PASS
        self.seen += 1
        self.asked.add(found[1].decode())
        if self.seen != self._number or self.process is None:
            return PASS
        self.operation = found[1].decode()
        self.process.kill()
        self.process.wait(PATIENCE)
        return PASS if self._after else RESET


def killed(folder: Path, server: Server, number: int, after: bool) -> Killer:
    """One `runferry sync` that is killed at its nth request about artifacts, if it gets so far."""
    port = int(server.url.rpartition(":")[2])
    killer = Killer(number, after)
    with Gate(port, killer) as gate:
        # The gate is another address for the same server; what the ledger knows must go on through it.
        command = [*RUNFERRY, "sync", str(folder), "--server", gate.url]
        killer.process = subprocess.Popen(
            command, env=environment(WANDB_API_KEY=server.key), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            killer.process.wait(PATIENCE)
        finally:
            killer.process.kill()
            killer.process.wait(PATIENCE)
    return killer


@pytest.mark.parametrize("first_after", [False, True], ids=["asked first", "answered first"])
def test_killed_at_every_request(peer: Path, tmp_path: Path, first_after: bool) -> None:
    work = tmp_path / "work"
    work.mkdir()
    environ = {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}  # it stages in the home of this account
    python(training.artifacts(), work, interpreter=peer, **environ)
    (folder,) = (work / "wandb").glob("offline-run-*")
    at: Counter[str] = Counter()
    asked: set[str] = set()
    with serving(tmp_path / "whole") as whole, serving(tmp_path / "store") as server:
        assert runferry("sync", folder, **whole.environ).code == 0
        for number in range(1, 100):
            killer = killed(folder, server, number, after=(number % 2 == 0) is first_after)
            asked |= killer.asked
            if not killer.operation:
                break
            at[killer.operation] += 1
        print(json.dumps(at))
        assert killer.process is not None
        assert killer.process.returncode == 0
        assert stores.artifacts(server.data) == stores.artifacts(whole.data)
        assert len(stores.read(server.data, "arts").rows) == 2
        begun = [one for one in server.data.glob("artifacts/*/*/*/*.json") if ".manifest." not in one.name]
        assert len(begun) - len(stores.artifacts(server.data)) <= at["CreateArtifact"], "begun anew without need"
    assert "ArtifactState" in asked, "what was begun was never asked for"
    assert sum(at.values()) > 8
    assert {"CreateArtifact", "CreateArtifactManifest", "CreateArtifactFiles", "CommitArtifact"} <= set(at)
