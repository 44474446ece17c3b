"""Owner and clients in processes of their own: who is refused, what kill -9 leaves, who takes over."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.control import ControlClient, Owner, find_owner
from runferry.control import door as doors
from runferry.errors import TemporaryError
from runferry.paths import Home, find_home

SCRIPT = Path(__file__).with_name("owner_process.py")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RUNFERRY_HOME", str(tmp_path / "home"))
    return find_home()


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for one in processes:
        one.kill()
        one.communicate()


def start(started: list[subprocess.Popen[str]]) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started.append(process)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_the_second_process_is_refused_and_reaches_the_first(home: Home, started: list[subprocess.Popen[str]]) -> None:
    first, word = start(started)
    assert word == "ready"
    second, word = start(started)
    assert word == f"occupied {first.pid}"
    assert second.wait(10) == 4
    info = find_owner(home)
    assert info is not None
    assert (info.pid, info.kind) == (first.pid, "watch")
    heard: list[dict[str, object]] = []
    with ControlClient.connect(home) as one:  # type: ignore[union-attr]
        assert one.request("status", on_progress=heard.append).code == 3
    assert heard == [{"pid": first.pid}]
    first.communicate("", timeout=10)
    assert first.returncode == 0
    assert find_owner(home) is None
    assert ControlClient.connect(home) is None


def test_takeover_after_kill_9(home: Home, started: list[subprocess.Popen[str]]) -> None:
    first, _ = start(started)
    left = doors.find(home)
    assert left is not None
    with ControlClient.connect(home) as one:  # type: ignore[union-attr]

        def kill(_: dict[str, object]) -> None:
            first.send_signal(signal.SIGKILL)

        with pytest.raises(TemporaryError) as caught:
            one.request("hang", on_progress=kill)
        assert caught.value.slug == "owner-gone"
    first.wait(10)
    assert find_owner(home) is None
    assert ControlClient.connect(home) is None
    second, word = start(started)
    assert word == "ready"
    assert find_owner(home).pid == second.pid  # type: ignore[union-attr]
    assert not Path(left.where).parent.exists(), "the socket of the killed owner is swept away"
    with ControlClient.connect(home) as one:  # type: ignore[union-attr]
        assert one.request("status").code == 3


def test_waiting_for_the_lock_gets_it_when_the_owner_is_killed(
    home: Home, started: list[subprocess.Popen[str]]
) -> None:
    first, _ = start(started)
    first.send_signal(signal.SIGKILL)
    owner = Owner(home)
    owner.acquire(timeout=10)
    owner.release()


def test_a_stopped_owner_is_told_from_a_dead_one(home: Home, started: list[subprocess.Popen[str]]) -> None:
    first, _ = start(started)
    first.send_signal(signal.SIGSTOP)
    with pytest.raises(TemporaryError) as caught:
        ControlClient.connect(home, timeout=0.2)
    assert caught.value.slug == "owner-silent"
    first.send_signal(signal.SIGCONT)
    with ControlClient.connect(home) as one:  # type: ignore[union-attr]
        assert one.request("status").code == 3
