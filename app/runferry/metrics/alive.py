"""Which runs have their training on this host, and which processes that is, with one look at all processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runferry.formats.detect import RunFolder, RunKind
from runferry.formats.marker import read_marker
from runferry.formats.trainer import Machine, ThisMachine, Training, judge, known_training
from runferry.holders import holdings

OUTCOMES = ("finished", "failed", "killed")


def trainings(folders: Sequence[RunFolder], machine: Machine | None = None) -> dict[Path, Training]:
    """The training of each run, by its folder. How a run ended is written into its marker: then there is none."""
    machine = machine or ThisMachine()
    found: dict[Path, Training] = {}
    unknown = []
    for folder in folders:
        known = known_training(folder.log)
        # The marker as it is now.
        marker = read_marker(folder.path) or folder.marker or {}
        if marker.get("outcome") in OUTCOMES or folder.kind is RunKind.LEGACY:
            found[folder.path] = Training(False)
        elif known is not None:
            found[folder.path] = known
        else:
            unknown.append((folder, marker))
    held = holdings([folder.log for folder, _ in unknown])
    for folder, marker in unknown:
        found[folder.path] = judge(folder.log, marker, held[folder.log], machine)
    return found
