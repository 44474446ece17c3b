"""Which runs of a watched folder are sent without being asked for."""

from __future__ import annotations

from runferry.engine.watched import WatchedFolder
from runferry.errors import AppError
from runferry.formats.detect import RunFolder, RunKind
from runferry.formats.liveness import Life, run_state
from runferry.formats.readers import Reader, extent, open_reader
from runferry.settings import FolderMode
from runferry.settings.wandb_edit import directory_is_off
from runferry.status import ON_REQUEST, RunState

BEFORE = f"it was there before: {ON_REQUEST}"
_ENDED = {RunState.FINISHED, RunState.FAILED, RunState.KILLED, RunState.CRASHED}


def why_held(folder: RunFolder, mode: FolderMode, is_new: bool = True, is_off: bool = False) -> str:
    """Why a run waits until somebody asks, in words; empty when it is sent by itself.

    is_new: it appeared or grew while the folder was watched. is_off: W&B's settings file beside the run says `off`.
    """
    if mode is FolderMode.ASK:
        return f"this folder's runs are {ON_REQUEST}"
    if not is_new:
        return BEFORE
    if mode is FolderMode.SYNC:
        return ""
    if folder.kind is RunKind.ONLINE or (folder.kind is RunKind.LEGACY and folder.path.name.startswith("run-")):
        return "the official client uploads it itself"
    # `offline` is sent, whoever recorded it: the official client has no other mode that leaves the upload to others.
    if folder.kind is RunKind.RECORDER and (folder.marker or {}).get("mode") == "dryrun":
        return f"recorded as a dry run: {ON_REQUEST}"
    if is_off:
        return f"its directory is off (`runferry on` there turns it on): {ON_REQUEST}"
    return ""


def judge(folder: RunFolder, watched: WatchedFolder, now: float, quiet_after: float) -> str:
    """The same, with all that is set for the folder and what the run's log says. now: seconds since the epoch."""
    pattern = watched.pattern_for(folder.path)
    if pattern:
        return f"left out by the pattern {pattern}"
    is_off = directory_is_off(folder.path.parent)
    why = why_held(folder, watched.mode, is_new=is_new(folder, watched.added), is_off=is_off)
    return why or (_too_short(folder, watched.min_steps, now, quiet_after) if watched.min_steps else "")


def is_new(folder: RunFolder, added: float) -> bool:
    """Whether a run started or was written to since its folder was added (seconds since the epoch)."""
    if not added or (folder.started or 0.0) > added:
        return True
    try:
        return extent(folder.log).mtime_ns / 1e9 > added
    except OSError:
        return False


def _too_short(folder: RunFolder, least: int, now: float, quiet_after: float) -> str:
    """Reads no further than to the step that is enough."""
    reader = open_reader(folder.log)
    try:
        while not (batch := reader.read(max_bytes=64 << 10)).at_end:
            if reader.content.rows >= least or batch.replaced:
                return ""
    except AppError:
        return ""  # whoever sends it finds the same, and tells
    rows = reader.content.rows
    if rows >= least:
        return ""
    if _is_over(folder, reader, now, quiet_after):
        return f"it ended with {rows} of the {least} steps from which runs of this folder are sent"
    return f"it has {rows} of the {least} steps from which runs of this folder are sent"


def _is_over(folder: RunFolder, reader: Reader, now: float, quiet_after: float) -> bool:
    changed = extent(folder.log).mtime_ns / 1e9
    return run_state(folder, reader.content, Life(now, changed, quiet_after)) in _ENDED
