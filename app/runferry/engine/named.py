"""From what a person types for a run, its path or its id, to its folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.finding import not_a_run
from runferry.errors import UsageError
from runferry.formats.detect import NotARun, RunFolder, identify

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


def named_runs(engine: Engine, run: str) -> list[RunFolder]:
    """The folders that a path or an id means: several where a run was resumed. Raises AppError for what is no run."""
    if run and Path(run).exists():
        found = identify(Path(run))
        if isinstance(found, NotARun):
            raise not_a_run(found)
        return [found]
    known = [one for one in engine.live_folders() if one.run_id == run]
    paths = {one.path for one in known}
    for path in engine.ledger.paths_of(run):
        sent = identify(Path(path))
        if isinstance(sent, NotARun):
            raise not_a_run(sent)
        if sent.path not in paths:
            known.append(sent)
    if not known:
        raise UsageError(
            "unknown-run",
            "No such run",
            f"{run!r} is neither a path nor the id of a run that is known here.",
            "See `runferry status`.",
        )
    return known
