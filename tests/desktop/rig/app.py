"""The product on a desktop: `python -m runferry` with a state folder of its own, seen and used from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desktop.rig.accessible import Element, Eyes
from desktop.rig.desktop import Desktop
from desktop.rig.part import Part

RUNFERRY = (sys.executable, "-m", "runferry")
PATIENCE = 30.0


class App:
    """A running app. `home`: its RUNFERRY_HOME."""

    def __init__(self, desktop: Desktop, folder: Path, environ: dict[str, str]) -> None:
        self.desktop = desktop
        self.home = folder / "runferry"
        self.environ = {**desktop.environ, "RUNFERRY_HOME": str(self.home), **environ}
        self._folder = folder
        self.part: Part | None = None

    def start(self, *arguments: str) -> Part:
        """Start it."""
        self.part = Part("app", [*RUNFERRY, *arguments], self.environ, self._folder)
        self.part.start(b"")
        return self.part

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command with the same state, to its end."""
        return subprocess.run(
            [*RUNFERRY, *arguments],
            env=self.environ,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
        )

    def status(self) -> dict[str, Any]:
        """What the running app says about itself."""
        done = self.command("status", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def window(self, eyes: Eyes) -> Element:
        """The app as a screen reader sees it."""
        assert self.part is not None
        return eyes.program(self.part.pid)

    def wait(self) -> int:
        """Until it has ended; its exit code."""
        assert self.part is not None
        return self.part.process.wait(PATIENCE)

    def text(self) -> str:
        """What it wrote to the terminal."""
        assert self.part is not None
        return self.part.text()

    def complaints(self) -> str:
        """What it wrote to the terminal, but for what the rig's own looking causes: asking for what has just gone."""
        return "\n".join(one for one in self.text().splitlines() if "Could not find accessible on path" not in one)

    def logged(self) -> str:
        """What it wrote into its own log files."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted((self.home / "logs").glob("*.log*")))


@contextmanager
def running(desktop: Desktop, folder: Path, *arguments: str, **environ: str) -> Iterator[App]:
    """The app while the block lasts; ended with SIGTERM if it has not ended by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    app = App(desktop, folder, environ)
    part = app.start(*arguments)
    try:
        yield app
    finally:
        part.stop()
