"""The logs in a run's folder: which one is the run's, and what the others are.

A folder has one log. A second one comes from a program that keeps folders alike on several computers (a conflict copy),
from a person's copy, or from a folder that was renamed. Names alone do not tell: a copy may hold more than the log.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from runferry.formats.readers import front
from runferry.regular_files import open_regular

_AT_ONCE = 1 << 20  # bytes


def logs_in(folder: Path) -> list[Path]:
    """All of them, by name. Raises OSError."""
    return sorted(one for one in folder.glob("*.wandb") if one.is_file())


def choose(logs: Sequence[Path], run_id: str) -> Path:
    """The run's log among several. `run_id`: as the folder's name tells it, empty where it does not.

    It has the name that its own record asks for, and the folder's too unless that was renamed; else it is the longest
    one. Raises OSError.
    """
    if len(logs) == 1:
        return logs[0]
    own = [one for one in logs if one.name == f"run-{front(one).run.run_id}.wandb"] or list(logs)
    usual = [one for one in own if one.name == f"run-{run_id}.wandb"]
    return max(usual or own, key=lambda one: (one.stat().st_size, one.name))


def others_than(log: Path) -> list[Path]:
    """The other logs in a log's folder; empty where nobody can look."""
    try:
        return [one for one in logs_in(log.parent) if one.name != log.name]
    except OSError:
        return []


def begins_alike(one: Path, other: Path) -> bool:
    """Whether the shorter of two logs is the beginning of the longer one, byte by byte. Raises OSError."""
    with open_regular(one) as first, open_regular(other) as second:
        left = min(os.fstat(first.fileno()).st_size, os.fstat(second.fileno()).st_size)
        while left > 0:
            size = min(left, _AT_ONCE)
            if first.read(size) != second.read(size):
                return False
            left -= size
    return True
