"""A program of the rig: started in a session of its own, ended by its own pid, its output in a file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PATIENCE = 20.0


def until(condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:
    """Wait until the condition gives something true; gives that. AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        time.sleep(0.02)


class Part:
    """One program. `log`: its output, both streams."""

    def __init__(self, name: str, command: list[str], environ: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.command = command
        self.log = folder / f"{name}.log"
        self._environ = dict(environ)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its process, to be waited for."""
        assert self._process is not None
        return self._process

    def start(self, given: bytes | None = None, descriptors: tuple[int, ...] = ()) -> Part:
        """Start it; `given` is written to its standard input, which is then closed. None: the input stays open."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=descriptors,
                bufsize=0,
            )
        if given is not None:
            assert self._process.stdin is not None
            self._process.stdin.write(given)
            self._process.stdin.close()
        return self

    def is_running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it and what it started; killed where it does not end by itself."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)  # its own session: nobody else's processes are in it
            try:
                process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def text(self) -> str:
        """All that it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


class Talker(Part):
    """A program that takes commands as lines and answers with JSON lines."""

    def tell(self, command: str) -> None:
        """Give it a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(command.encode() + b"\n")

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What it told so far; a line that is still being written is left out."""
        found = []
        for line in self.text().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                found.append(json.loads(line))
        return [one for one in found if not kind or one["event"] == kind]

    def ask(self, command: str, kind: str) -> dict[str, Any]:
        """Give it a command and wait for the next event of this kind. AssertionError where it fails."""
        before, failed = len(self.events(kind)), len(self.events("error"))
        self.tell(command)

        def told() -> list[dict[str, Any]]:
            assert len(self.events("error")) == failed, self.events("error")[-1]
            assert self.is_running(), self.text()
            return self.events(kind)[before:]

        found: list[dict[str, Any]] = until(told, f"{self.name} answers {command!r}")
        return found[0]

    def wait_for(self, kind: str, matches: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first event of this kind that matches; waits for it."""

        def told() -> dict[str, Any] | None:
            return next((one for one in self.events(kind) if matches(one)), None)

        found: dict[str, Any] = until(told, f"{self.name} tells of {kind}")
        return found
