"""From paths that people name to runs, each once; what is not a run is told with the reason."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Iterator
from pathlib import Path

from runferry.engine.job import SyncRequest
from runferry.errors import AppError
from runferry.formats.detect import FILES, MISSING, NotARun, RunFolder, identify, not_a_run
from runferry.status import RunState, RunStatus, SyncState
from runferry.watch.discovery import is_run_name, walk

NO_LOG_YET = "no-log-yet"
_RUN_ID = string.ascii_lowercase + string.digits


def find_folders(request: SyncRequest, server: str) -> tuple[list[RunFolder], list[RunStatus]]:
    """The runs that the paths of a request mean, each once, and what is not a run, as statuses with an error."""
    folders: dict[Path, RunFolder] = {}
    rejected: list[RunStatus] = []
    for path in request.paths:
        for one in look_for(path):
            if isinstance(one, RunFolder):
                folders.setdefault(one.log.resolve(), one)
            elif one is not None and one.slug != NO_LOG_YET:
                rejected.append(not_sent(one.path, not_a_run(one), server))
    return list(folders.values()), rejected


def look_for(path: Path, skip: frozenset[Path] = frozenset()) -> Iterator[RunFolder | NotARun | None]:
    """The runs that a path means, one after the other; None: still looking. What is not a run comes with the reason.

    A folder that is named like a run is one; any other is looked through, and logs that lie in it bare count too.
    """
    found = identify(path)
    if isinstance(found, NotARun) and found.slug == MISSING:
        yield found
        return
    is_one = isinstance(found, RunFolder) and path.name == FILES  # `run.dir`
    if is_one or path.is_file() or is_run_name(path.resolve().name) or not path.is_dir():
        yield found
        return
    number = 0
    for one in _below(path, skip):
        number += one is not None and getattr(one, "slug", "") != NO_LOG_YET
        yield one
    if not number:
        yield found


def _below(path: Path, skip: frozenset[Path]) -> Iterator[RunFolder | NotARun | None]:
    try:
        bare = sorted(one for one in path.glob("*.wandb") if one.is_file())
    except OSError:
        bare = []
    for one in bare:
        # Nobody named it: where it leads is somebody else's choice.
        yield (
            NotARun(one, "link", f"{one} is a link to {os.path.realpath(one)}.") if one.is_symlink() else identify(one)
        )
    for part in walk(path, skip):
        yield from (identify(one.path) for one in part.runs)
        for pending in part.pending:
            yield NotARun(pending, NO_LOG_YET, f"{pending.name} is named like a run, but no log is in it (yet).")
        yield None


def not_sent(path: Path, error: AppError, server: str) -> RunStatus:
    """Something that was named and cannot be sent."""
    return RunStatus(
        path=str(path), run_id="", entity="", project="", name="", server=server, url="",
        state=SyncState.PROBLEM, run_state=RunState.UNKNOWN, error=error.as_dict(),
    )  # fmt: skip


def new_run_id() -> str:
    """Eight random characters, as the official client makes them."""
    return "".join(secrets.choice(_RUN_ID) for _ in range(8))
