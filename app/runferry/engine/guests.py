"""Folders that another process wants watched while this one owns the state: a `runferry watch` that gave way.

It says which, with its own variables (its key among them), and is told what happens to them for as long as it stays.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runferry.control import Reply, Request
from runferry.engine.choice import Choice
from runferry.engine.narration import Narrator
from runferry.engine.watched import WatchedFolder
from runferry.errors import UsageError
from runferry.settings.folder import check_folders

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

WATCH_FOR_ME = "watch-for-me"
_NUMBERS = itertools.count(1)


def as_arguments(folders: Sequence[WatchedFolder]) -> dict[str, Any]:
    """Folders as they travel to the owner."""
    return {
        "folders": [
            {
                "path": str(one.path),
                "mode": one.mode.value,
                "entity": one.entity,
                "project": one.project,
                "exclude": list(one.exclude),
                "min_steps": one.min_steps,
                "added": one.added,
                "follow_links": one.follow_links,
                "choice": [one.choice.server, one.choice.source, one.choice.named],
            }
            for one in folders
        ]
    }


def watch_for(engine: Engine, request: Request, reply: Reply) -> int:
    """Watch a guest's folders until it hangs up or this process ends; tells it in lines what happens to their runs."""
    folders = [_folder(one, request.environ) for one in request.arguments.get("folders") or ()]
    roots = [one.path for one in folders] + [one.path.resolve() for one in folders]
    who = f"guest {next(_NUMBERS)}"

    def concerns(path: str) -> bool:
        return any(Path(path).is_relative_to(root) for root in roots)

    engine.watching.use(who, folders)
    try:
        Narrator(engine, lambda line: reply.progress({"say": line}), concerns).run(reply.cancelled)
    finally:
        engine.watching.use(who, [])
    return 0


def _folder(told: Mapping[str, Any], environ: Mapping[str, str]) -> WatchedFolder:
    try:
        plain = {name: value for name, value in told.items() if name != "choice"}
        (folder,) = check_folders([plain])
        server, source, named = (str(part) for part in told["choice"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("bad-request", "The request was not understood", f"{error}.", "Start both anew.") from error
    return WatchedFolder(
        Path(folder.path),
        Choice(server, source, named),
        folder.mode,
        folder.entity,
        folder.project,
        folder.exclude,
        folder.min_steps,
        folder.added,
        folder.follow_links,
        environ=environ,
    )
