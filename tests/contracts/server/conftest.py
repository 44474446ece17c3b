"""The local server, and scripts that run with the real client in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runferry.server.serving import LocalServer


@dataclass
class Peer:
    """The real wandb client, pointed at `server`."""

    server: LocalServer
    python: Path
    folder: Path

    def start(self, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end, whatever the end."""
        return self._call([str(self.python), "-c", script], environ)

    def script(self, script: str, **environ: str) -> Any:
        """Run a script that must end well; what its last line says as JSON."""
        done = self.start(script, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None

    def command(self, *arguments: str) -> str:
        """Run the `wandb` command, which must end well."""
        done = self._call([str(self.python.with_name("wandb")), *arguments], {})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _call(self, command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        given = {
            "WANDB_BASE_URL": self.server.url, "WANDB_API_KEY": self.server.key, "WANDB_DIR": str(self.folder),
            "WANDB_CACHE_DIR": str(self.folder / "cache"), "WANDB_DATA_DIR": str(self.folder / "data"),
            "WANDB_SILENT": "true", "PYTHONIOENCODING": "utf-8", **environ,
        }  # fmt: skip
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def run_folder(self, name: str, project: str = "demo") -> Path:
        """Where the server keeps a run."""
        return self.server.store.path / "runs" / "local" / project / name


@pytest.fixture
def wandb(peer: Path, tmp_path: Path) -> Iterator[Peer]:
    """A running server and the client."""
    server = LocalServer(tmp_path / "store")
    server.start()
    folder = tmp_path / "work"
    folder.mkdir()
    yield Peer(server, peer, folder)
    server.stop()
