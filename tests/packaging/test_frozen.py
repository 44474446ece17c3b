"""The frozen folder runs where no Python is: it starts its own server and its own training."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packaging_rig import TRAINING, json_lines, run, surroundings
from runferry.version import __version__

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(400)]


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment without any Python on its path."""
    return {**surroundings(tmp_path), "PATH": str(tmp_path)}


def test_version(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    assert run([frozen, "--version"], tmp_path, alone).out == f"runferry {__version__}\n"


def test_demo(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    shown = run([frozen, "demo"], tmp_path, alone)
    assert shown.code == 0, shown.err
    assert "300 rows" in shown.out
    assert "verified" in shown.out


def test_sync(frozen: Path, installed: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    assert run([installed / "python", "-c", TRAINING], tmp_path, alone).code == 0
    synced = run([frozen, "sync", "wandb", "--server", "local", "--json"], tmp_path, alone)
    assert synced.code == 0, synced.err
    assert [one["state"] for one in json_lines(synced.out)] == ["verified"]


def test_serve(frozen: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    server = subprocess.Popen(
        [frozen, "serve", "--port", "0"], cwd=tmp_path, env=alone, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("The local server answers at http://127.0.0.1:")
    finally:
        server.terminate()
        server.communicate(timeout=20)
