"""Real processes for integration tests: `runferry` commands, training scripts, the official client.

Everything is started with the environment of the test (see tests/conftest.py), in a folder of the test, and ended by
its own pid.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNFERRY = (sys.executable, "-m", "runferry")
PATIENCE = 60.0  # seconds until a process or a condition is given up


@dataclass(frozen=True)
class Ran:
    """What a finished process left behind."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output as one JSON object per line; strict: NaN is no JSON."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]

    @property
    def object(self) -> dict[str, Any]:
        """The only JSON object that was printed."""
        (one,) = self.objects
        return one


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def environment(**changes: str | None) -> dict[str, str]:
    """The test's environment with changes; None removes a variable."""
    made = {**os.environ, "PYTHONUNBUFFERED": "1", "WANDB_ERROR_REPORTING": "false"}
    for name, value in changes.items():
        made.pop(name, None)
        if value is not None:
            made[name] = value
    return made


def run(
    *command: str | os.PathLike[str], cwd: Path | None = None, timeout: float = PATIENCE, **environ: str | None
) -> Ran:
    """Run a command to its end."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        env=environment(**environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def runferry(
    *arguments: str | os.PathLike[str], cwd: Path | None = None, timeout: float = PATIENCE, **environ: str | None
) -> Ran:
    """Run a `runferry` command to its end."""
    return run(*RUNFERRY, *arguments, cwd=cwd, timeout=timeout, **environ)


def python(
    script: str, cwd: Path, interpreter: Path | None = None, timeout: float = PATIENCE, **environ: str | None
) -> Ran:
    """Run a training script, in a file as people's are; fails the test when the script fails."""
    path = cwd / "train.py"
    path.write_text(script, encoding="utf-8")
    done = run(interpreter or sys.executable, path, cwd=cwd, timeout=timeout, **environ)
    assert done.code == 0, done.err
    return done


@contextlib.contextmanager
def started(
    *command: str | os.PathLike[str], cwd: Path, log: Path, **environ: str | None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs while the block does; ended with SIGTERM. Output goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(one) for one in command],
            cwd=cwd,
            env=environment(**environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> int:
    """End a process in order; its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(20)


def until(condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """Wait until the condition gives something true; gives that. Fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Server:
    """A running `runferry serve`. `data`: its store."""

    url: str
    key: str
    data: Path
    pid: int

    @property
    def environ(self) -> Mapping[str, str]:
        """The two lines that point a client at it."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": self.key}


@contextlib.contextmanager
def serving(data: Path, port: str = "0") -> Iterator[Server]:
    """A local server with a store of its own, in a process of its own."""
    data.mkdir(parents=True, exist_ok=True)
    log = data.with_name(data.name + ".out")
    command = (*RUNFERRY, "serve", "--data", str(data), "--port", port)
    with started(*command, cwd=data.parent, log=log) as process:
        address = data / "server.json"

        def told() -> dict[str, Any] | None:
            assert process.poll() is None, log.read_text()
            return json.loads(address.read_text()) if address.exists() else None

        found = until(told, "the local server answers")
        yield Server(found["url"], (data / "key").read_text().strip(), data, process.pid)
