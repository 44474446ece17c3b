"""A place of its own for each test; no process outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.rig import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty home and folder of runs."""
    made = Place(tmp_path)
    yield made
    made.end_leftovers()
