"""Two local servers in processes of their own, and a folder to train in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import Server, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running local server."""
    with serving(tmp_path / "store") as running:
        yield running


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Server]:
    """A second one, with a key and a store of its own."""
    with serving(tmp_path / "other-store") as running:
        yield running


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where training scripts run."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
