"""Which runs of a watched folder are sent without being asked for."""

from __future__ import annotations

from runferry.formats.detect import RunFolder, RunKind
from runferry.settings import FolderMode


def why_held(folder: RunFolder, mode: FolderMode, is_new: bool = True, is_off: bool = False) -> str:
    """Why a run waits until somebody asks, in words; empty when it is sent by itself.

    is_new: it appeared or grew while the folder was watched. is_off: W&B's settings file beside the run says `off`.
    """
    if mode is FolderMode.SYNC:
        return ""
    if mode is FolderMode.ASK:
        return "this folder's runs are sent on request only"
    if folder.kind is RunKind.ONLINE or (folder.kind is RunKind.LEGACY and folder.path.name.startswith("run-")):
        return "the official client uploads it itself"
    if folder.kind is RunKind.RECORDER and (folder.marker or {}).get("mode") in ("offline", "dryrun"):
        return "recorded offline: sent on request only"
    if is_off:
        return "its directory is off (`runferry on` there turns it on): sent on request only"
    return "" if is_new else "it was there before: sent on request only"
