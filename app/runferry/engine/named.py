"""From what a person types for a run, its path, its id or its name, to its folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runferry.errors import UsageError
from runferry.formats.detect import NotARun, RunFolder, identify, is_there, not_a_run

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


MOST = 8  # ids that are listed where several runs have one name


def named_runs(engine: Engine, run: str) -> list[RunFolder]:
    """The folders that a path, an id or a name means: several where a run was resumed. Raises AppError for no run."""
    if is_there(run):
        return [_folder(run)]
    found = _by_id(engine, run) or _by_name(engine, run)
    if not found:
        raise UsageError(
            "unknown-run",
            "No such run",
            f"{run!r} is neither a path nor the id or the name of a run that is known here.",
            "See `runferry status`.",
        )
    return found


def _by_id(engine: Engine, run_id: str) -> list[RunFolder]:
    known = [one for one in engine.live_folders() if one.run_id == run_id]
    paths = {one.path for one in known}
    for path in engine.ledger.paths_of(run_id):
        sent = _folder(path)
        if sent.path not in paths:
            known.append(sent)
    return known


def _by_name(engine: Engine, name: str) -> list[RunFolder]:
    """Those of the one run that is called so, of all that `status` lists. UsageError where several are."""
    shown = {one.path: one.run_id for one in engine.snapshot().runs if name and one.name == name}
    for delivery, target in engine.ledger.all_deliveries():
        if name and delivery.counts.get("name") == name:
            shown.setdefault(str(Path(target["path"]).parent), target["run_id"])
    ids = sorted(set(shown.values()))
    if len(ids) > 1:
        more = f" and {len(ids) - MOST} more" if len(ids) > MOST else ""
        raise UsageError(
            "name-of-several",
            "Several runs have this name",
            f"{name!r} is the name of {', '.join(ids[:MOST])}{more}.",
            "Say the id of the one that is meant.",
        )
    return [_folder(path) for path in shown]


def _folder(path: str) -> RunFolder:
    found = identify(Path(path))
    if isinstance(found, NotARun):
        raise not_a_run(found)
    return found
