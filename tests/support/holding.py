"""Holding a run's log open, as the training that writes it does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(*logs: Path) -> Iterator[None]:
    """This process writes to these logs."""
    handles = [os.open(one, os.O_WRONLY | os.O_APPEND) for one in logs]
    try:
        yield
    finally:
        for one in handles:
            os.close(one)
