"""A store's server answers at the same address each time, says who is there where it cannot, and `status` asks it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runferry.clock import SystemClock
from runferry.engine.local_port import FILE, holder_of, kept_port
from runferry.engine.local_server import LocalServer

RUNFERRY = [sys.executable, "-m", "runferry"]


def a_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


@contextmanager
def started(store: Path, port: int) -> Iterator[tuple[int, list[str]]]:
    """The server as an owner starts it; its port, and what people are told of it."""
    server, said = LocalServer(store, port, SystemClock()), list[str]()
    server.on_moved = lambda url, text: said.append(text)
    try:
        yield int(server.ensure().url.rpartition(":")[2]), said
    finally:
        server.stop()


def test_a_port_that_was_free_once_stays_the_stores(tmp_path: Path) -> None:
    """Another program has the usual port at the first start: from then on the other one is the usual one."""
    wanted = a_port()
    with taken(wanted), started(tmp_path / "store", wanted) as (first, said):
        assert first != wanted
        assert len(said) == 1
        assert f"Port {wanted} is used by" in said[0]
        assert f"process {os.getpid()}" in said[0]
        assert "It keeps that address" in said[0]
    with started(tmp_path / "store", wanted) as (second, said):
        assert (second, said) == (first, [])
    assert kept_port(tmp_path / "store", wanted) == first


def test_a_kept_port_that_is_taken_is_left_for_one_time_only(tmp_path: Path) -> None:
    wanted = a_port()
    with started(tmp_path / "store", wanted) as (first, said):
        assert (first, said) == (wanted, [])
    with taken(wanted), started(tmp_path / "store", wanted) as (second, said):
        assert second != wanted
        assert "work again when that port is free" in said[0]
    with started(tmp_path / "store", wanted) as (third, said):
        assert (third, said) == (wanted, [])


def test_another_setting_is_another_port(tmp_path: Path) -> None:
    wanted, other = a_port(), a_port()
    with started(tmp_path / "store", wanted) as (first, _):
        assert first == wanted
    with started(tmp_path / "store", other) as (second, _):
        assert second == other
    assert kept_port(tmp_path / "store", other) == other


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"wanted": 8470}', '{"wanted": 8470, "port": 99999999999}', '{"wanted": 8470, "port": "1"}'],
)
def test_a_file_that_makes_no_sense_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert kept_port(tmp_path, 8470) == 8470


def test_nobody_can_make_it_wait_with_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    assert kept_port(tmp_path, 8470) == 8470


def test_serve_keeps_the_port_and_says_who_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = a_port()
    monkeypatch.setenv("RUNFERRY_LOCAL_SERVER_PORT", str(wanted))
    with started(tmp_path / "store", wanted) as (first, _):
        done = subprocess.run(
            [*RUNFERRY, "serve", "--data", str(tmp_path / "other")], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert f"Port {first} is used by another Runferry server (process " in done.stderr


def test_who_holds_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert re.fullmatch(rf".+ \(process {os.getpid()}\)", holder_of(listener.getsockname()[1]))
    assert holder_of(1) == "another program"


def test_status_asks_the_server_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was sent to the local server at one address is shown at the one where it answers now."""
    home = tmp_path / "home"
    monkeypatch.setenv("RUNFERRY_HOME", str(home))
    code = "import runferry; r = runferry.init(project='p', id='one'); r.log({'x': 1}); r.finish()"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        timeout=60,
        env={**os.environ, "WANDB_DIR": str(tmp_path)},
    )
    wanted = a_port()
    monkeypatch.setenv("RUNFERRY_LOCAL_SERVER_PORT", str(wanted))
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    subprocess.run([*RUNFERRY, "sync", "--server", "local", str(run)], check=True, timeout=60, capture_output=True)
    assert _shown()["server"] == f"http://127.0.0.1:{wanted}"
    with taken(wanted), started(home / "store", wanted) as (port, _):
        assert port != wanted
        told = _shown()
        assert told["server"] == f"http://127.0.0.1:{port}"
        assert told["url"] == f"http://127.0.0.1:{port}/local/p/runs/one"


def _shown() -> dict[str, str]:
    done = subprocess.run([*RUNFERRY, "status", "--json"], check=True, timeout=60, capture_output=True, text=True)
    (run,) = json.loads(done.stdout)["runs"]
    return dict(run)
