"""A window and a `runferry watch` share one state: the window takes over, and gives the folders back when it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runferry.control import ControlClient, find_owner
from runferry.paths import find_home
from support.processes import RUNFERRY, environment, python, runferry, until

WINDOW = (sys.executable, str(Path(__file__).with_name("window_process.py")))
TRAINING = "import runferry; r = runferry.init(id={id!r}, mode='online'); r.log({{'a': 1}}); r.finish()"


class Process:
    """A process whose lines are kept as they come."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip() for line in self.process.stdout)

    def _read_all(self) -> None:
        self._reader.join(10)

    def says(self, text: str, times: int = 1) -> None:
        until(lambda: sum(text in one for one in list(self.lines)) >= times, f"{text!r} in {self.lines}")

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._read_all()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def started() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for one in processes:
        one.end()


def start(started: list[Process], *command: str) -> Process:
    made = Process(*command)
    started.append(made)
    return made


def ask(command: str) -> int:
    client = ControlClient.connect(find_home())
    assert client is not None
    with client:
        return client.request(command).code


def train(folder: Path, run_id: str) -> None:
    python(TRAINING.format(id=run_id), folder)


def owner() -> str:
    found = find_owner(find_home())
    return found.kind if found else ""


def test_the_window_takes_over_and_gives_back(tmp_path: Path, started: list[Process]) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    watch = start(started, *RUNFERRY, "watch", str(folder), "--server", "local")
    watch.says("Watching")
    train(folder, "first")
    watch.says("first: finished")
    window = start(started, *WINDOW)
    window.says("up")
    assert owner() == "app"
    watch.says("watches these folders now")
    train(folder, "second")
    watch.says("second: finished, 1 row verified")
    second = start(started, *WINDOW)
    second.says("raised")
    window.says("show")
    asking = start(started, *WINDOW, str(folder))
    asking.says("raised")
    window.says(f'add ["{folder}"]')
    done = runferry("sync", str(folder), "--server", "local")
    assert done.code == 0, "through the window"
    assert ask("quit") == 0
    assert window.process.wait(30) == 0
    watch.says("Watching", times=2)
    until(lambda: owner() == "watch", "it has its folders back")
    train(folder, "third")
    watch.says("third: finished")
    assert watch.end() == 0
    assert owner() == ""


def test_a_watch_beside_a_window_is_its_guest(tmp_path: Path, started: list[Process]) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    window = start(started, *WINDOW)
    window.says("up")
    watch = start(started, *RUNFERRY, "watch", str(folder), "--server", "local")
    watch.says("watches these folders now")
    train(folder, "guest")
    watch.says("guest: finished, 1 row verified")
    told: dict[str, object] = {}
    client = ControlClient.connect(find_home())
    assert client is not None
    with client:
        client.request("status", on_progress=told.update)
    assert [one["path"] for one in told["folders"]] == [str(folder)]  # type: ignore[index,union-attr]
    assert watch.end() == 0

    def watched() -> list[object]:
        with ControlClient.connect(find_home()) as line:  # type: ignore[union-attr]
            line.request("status", on_progress=told.update)
        return told["folders"]  # type: ignore[return-value]

    until(lambda: watched() == [], "the guest's folder is not watched any more")


def test_what_means_nothing_to_a_watch_is_told(tmp_path: Path, started: list[Process]) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    watch = start(started, *RUNFERRY, "watch", str(folder), "--server", "local")
    watch.says("Watching")
    client = ControlClient.connect(find_home())
    assert client is not None
    with client:
        answer = client.request("show")
    assert answer.error is not None
    assert answer.error["slug"] == "not-possible-here"
    assert ask("quit") == 0
    assert watch.process.wait(30) == 0
