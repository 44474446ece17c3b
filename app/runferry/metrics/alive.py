"""Which runs have their training on this host, and which processes that is.

A recorder run names its process in ``runferry.json``. For a run of the official client it is found from outside: who
holds the log open, which is the client's helper in most versions, and then its parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psutil

from runferry.formats.detect import RunFolder, RunKind, read_marker
from runferry.formats.liveness import Machine, holders, recorder_process

OUTCOMES = ("finished", "failed", "killed")
_HELPERS = ("wandb-core", "wandb-service", "wandb.sdk", "multiprocessing.spawn", "multiprocessing.forkserver")


def processes(folders: Sequence[RunFolder], machine: Machine | None = None) -> dict[Path, int]:
    """The training's process by run folder; runs that do not live here are left out."""
    found: dict[Path, int] = {}
    official = []
    for folder in folders:
        if folder.kind is RunKind.RECORDER:
            pid = _recorder(folder, machine)
            if pid is not None:
                found[folder.path] = pid
        elif folder.kind is not RunKind.LEGACY:
            official.append(folder)
    if official:
        held = holders([one.log for one in official])
        for folder in official:
            training = next((pid for pid in map(training_of, held[folder.log]) if pid is not None), None)
            if training is not None:
                found[folder.path] = training
    return found


def _recorder(folder: RunFolder, machine: Machine | None) -> int | None:
    """By the marker as it is now: when the run ends, how it ended is written into it."""
    marker = read_marker(folder.path) or folder.marker or {}
    return None if marker.get("outcome") in OUTCOMES else recorder_process(marker, machine)


def training_of(holder: int) -> int | None:
    """The training's process, by the one that has its log open; None where it is gone or may not be looked at."""
    try:
        process = psutil.Process(holder)
        if not _is_helper(process.name(), process.cmdline()):
            return holder
        parent = process.parent()  # checks that it is older than its child
    except (psutil.Error, OSError):
        return None
    if parent is None or parent.pid <= 1:
        return None  # the training died, and its helper outlives it for a moment
    return parent.pid


def _is_helper(name: str, command: Sequence[str]) -> bool:
    """Whether a process is one that the official client starts for itself."""
    words = (name, *command[:4])
    return any(mark in word for word in words[:2] for mark in _HELPERS[:2]) or (
        any(mark in word for word in words for mark in _HELPERS[2:]) and "-c" in command[:4]
    )
