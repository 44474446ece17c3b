"""`runferry serve` as people and as owners start it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def first_words(folder: Path, *options: str) -> str:
    """What the server says until it is ended."""
    command = [sys.executable, "-m", "runferry", "serve", "--port", "0", "--data", str(folder), *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        server.terminate()
        return said + server.stdout.read()
    finally:
        server.terminate()
        server.communicate(timeout=20)


@pytest.mark.timeout(60)
def test_the_key_is_told_to_people_and_not_to_the_owners_log(tmp_path: Path) -> None:
    told = first_words(tmp_path / "store")
    key = (tmp_path / "store" / "key").read_text().strip()
    assert f"export WANDB_API_KEY={key}" in told
    logged = first_words(tmp_path / "store", "--owned")
    assert logged.startswith("The local server answers at http://127.0.0.1:")
    assert key not in logged
