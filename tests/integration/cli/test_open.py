"""`runferry open` with a real server in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

import runferry
from runferry.paths import find_home


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "runferry", *arguments]


@pytest.fixture
def served() -> Iterator[str]:
    """The address of a server of this home's store."""
    server = subprocess.Popen(command("serve", "--port", "0"), stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    yield server.stdout.readline().split()[-1]
    server.terminate()
    server.communicate(timeout=20)


def opened(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command("open", "--print", *arguments), capture_output=True, text=True, timeout=60)


@pytest.mark.timeout(120)
def test_a_page_opens_once_by_the_address_that_is_told(served: str, tmp_path: object) -> None:
    run = runferry.init(project="p", dir=str(tmp_path), settings={"console": "off", "silent": True})
    run.log({"a": 1})
    run.finish()
    sync = subprocess.run(
        command("sync", "--server", "local", run.dir.rpartition("/")[0]), capture_output=True, text=True, timeout=60
    )
    assert sync.returncode == 0, sync.stderr
    for asked, target in ((), "/"), ((run.id,), f"/local/p/runs/{run.id}"):
        told = opened(*asked)
        assert told.returncode == 0, told.stderr
        address = told.stdout.strip()
        assert address.startswith(f"{served}/once?token=")
        answer = requests.get(address, allow_redirects=False, headers={"Via": "x"}, timeout=10)
        assert (answer.status_code, answer.headers["Location"]) == (303, target)
        assert requests.get(address, headers={"Via": "x"}, timeout=10).status_code == 403


@pytest.mark.timeout(60)
def test_without_a_server_it_says_what_to_do() -> None:
    told = opened()
    assert told.returncode == 1
    assert "runferry serve" in told.stderr
    assert opened("nosuchrun").returncode == 2
    assert find_home().store  # nothing was started
