"""Real processes to be killed, and what the server's own files say afterwards. Never reads Runferry's ledger."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import psutil

TRAINING = Path(__file__).with_name("training.py")
IS_LONG = os.environ.get("RUNFERRY_LONG") == "1"
T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 60, what: str = "") -> T:
    """What `condition` gives as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.02)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


class Program:
    """A process with its output in files; ended when the `with` block is left."""

    def __init__(self, arguments: list[str], folder: Path, name: str, **environ: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env={**os.environ, **environ}
            )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def steps(self) -> int:
        """How many rows a training says that it has logged."""
        return self.out.count("\n")

    def says(self, text: str, seconds: float = 60) -> None:
        """Wait until a text was written to either output."""
        until(lambda: text in self.out + self.err, seconds, f"{text!r} in {self.err[-800:]}")

    def wait(self, seconds: float = 60) -> int:
        """The exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s: {self.err[-1500:]}") from None

    def kill(self) -> None:
        """SIGKILL, and reaped."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def end(self, number: int = signal.SIGTERM, seconds: float = 20) -> tuple[int, float]:
        """Exit code, and how many seconds it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.wait(seconds), time.monotonic() - started


class Place:
    """One home, one folder of runs, and a local server on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.runs = folder / "runs"
        self.runs.mkdir(parents=True)
        self.store = self.home / "store"
        self.port = free_port()

    @property
    def environ(self) -> dict[str, str]:
        return {"RUNFERRY_HOME": str(self.home), "RUNFERRY_LOCAL_SERVER_PORT": str(self.port)}

    def runferry(self, *arguments: object, name: str = "", **environ: str) -> Program:
        """A Runferry command."""
        words = [sys.executable, "-m", "runferry", *map(str, arguments)]
        return Program(words, self.folder, name or str(arguments[0]), **{**self.environ, **environ})

    def train(
        self, run_id: str, rows: int = 0, pause: float = 0.0, finishes: bool = True, project: str = "p", **environ: str
    ) -> Program:
        """A training that writes one run into `runs`."""
        words = [sys.executable, str(TRAINING), project, run_id, str(rows), str(pause), str(int(finishes))]
        return Program(words, self.folder, f"train-{run_id}", **{"WANDB_DIR": str(self.runs), **environ})

    def run_folder(self, run_id: str) -> Path:
        """Where the recorder writes a run."""
        return next(self.runs.rglob(f"offline-run-*-{run_id}"))

    def server_dir(self, run_id: str, project: str = "p") -> Path:
        """Where the local server keeps a run."""
        return self.store / "runs" / "local" / project / run_id

    def rows(self, run_id: str, project: str = "p") -> list[dict[str, Any]]:
        """The rows on the server, as its file has them."""
        try:
            text = (self.server_dir(run_id, project) / "wandb-history.jsonl").read_text()
        except FileNotFoundError:
            return []
        return [json.loads(line) if line else {} for line in text.split("\n")[:-1]]

    def values(self, run_id: str, project: str = "p") -> list[Any]:
        """The logged counter of each row on the server."""
        return [one.get("value") for one in self.rows(run_id, project)]

    def server_pid(self) -> int:
        """The process of the local server, as it says itself; 0 where it has not said."""
        try:
            return int(json.loads((self.store / "server.json").read_text())["pid"])
        except (OSError, ValueError):
            return 0

    def kill_server(self) -> bool:
        """SIGKILL the local server; false where none is alive."""
        pid = self.server_pid()
        try:
            process = psutil.Process(pid) if pid else None
            if process is None or "serve" not in process.cmdline():
                return False
            process.kill()
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(5)
        except psutil.Error:
            return False
        return True

    def leftovers(self) -> list[str]:
        """Processes that still work with this home."""
        found = []
        for process in psutil.process_iter(["pid", "cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if str(self.home) in words and process.pid != os.getpid():
                found.append(f"{process.pid} {words}")
        return found

    def end_leftovers(self) -> None:
        """End what a killed owner left behind."""
        for line in self.leftovers():
            with contextlib.suppress(psutil.Error):
                psutil.Process(int(line.split()[0])).kill()


def results(program: Program) -> list[dict[str, Any]]:
    """The objects that ``--json`` printed."""
    return [json.loads(line) for line in program.out.splitlines() if line.startswith("{")]
