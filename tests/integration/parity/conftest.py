"""A second local server in a process of its own; see tests/integration/conftest.py for the first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import Server, serving


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Server]:
    """A second one, with a key and a store of its own."""
    with serving(tmp_path / "other-store") as running:
        yield running
