"""From paths that people name to runs, each once; what is not a run is told with the reason."""

from __future__ import annotations

import secrets
import string
from pathlib import Path

from runferry.engine.job import SyncRequest
from runferry.errors import AppError, UsageError
from runferry.formats.detect import NotARun, RunFolder, identify
from runferry.status import RunState, RunStatus, SyncState
from runferry.watch.discovery import scan

_RUN_ID = string.ascii_lowercase + string.digits


def find_folders(request: SyncRequest, server: str) -> tuple[list[RunFolder], list[RunStatus]]:
    """The runs that the paths of a request mean, each once, and what is not a run, as statuses with an error."""
    folders: dict[Path, RunFolder] = {}
    rejected: list[RunStatus] = []
    for path in request.paths:
        found = identify(path)
        if isinstance(found, RunFolder):
            candidates: list[RunFolder | NotARun] = [found]
        else:
            candidates = [identify(one.path) for one in scan(path).runs] if path.is_dir() else []
            candidates = candidates or [found]
        for one in candidates:
            if isinstance(one, NotARun):
                rejected.append(_not_sent(one.path, not_a_run(one), server))
            else:
                folders.setdefault(one.log.resolve(), one)
    return list(folders.values()), rejected


def not_a_run(found: NotARun) -> AppError:
    """Why a path is not a run, for people."""
    return UsageError(
        "not-a-run" if found.slug in ("empty-folder", "other", "missing") else f"not-a-run-{found.slug}",
        "Not a run",
        found.reason,
        "Name a run folder, a .wandb file, or a folder that holds runs.",
    )


def _not_sent(path: Path, error: AppError, server: str) -> RunStatus:
    return RunStatus(
        path=str(path), run_id="", entity="", project="", name="", server=server, url="",
        state=SyncState.PROBLEM, run_state=RunState.UNKNOWN, error=error.as_dict(),
    )  # fmt: skip


def new_run_id() -> str:
    """Eight random characters, as the official client makes them."""
    return "".join(secrets.choice(_RUN_ID) for _ in range(8))
