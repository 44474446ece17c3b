"""A local server in a process of its own, and a folder for runs."""

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
def work(tmp_path: Path) -> Path:
    """Where run folders lie."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
