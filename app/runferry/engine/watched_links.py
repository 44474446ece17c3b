"""The links of runs in watched folders: who is told of what, and what is set for a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.watched import Change, WatchedFolder
from runferry.formats.detect import RunFolder
from runferry.sync.run_sync import RunSync

if TYPE_CHECKING:
    from runferry.engine.engine import Engine
    from runferry.engine.watching import Watching


class WatchedLinks:
    """Of one `Watching`. Any thread."""

    def __init__(self, engine: Engine, watching: Watching) -> None:
        self._engine, self._watching = engine, watching
        self._since: dict[Path, float] = {}  # by watched folder, seconds since the epoch

    def put(self, who: str, folders: Sequence[WatchedFolder]) -> Change:
        """What somebody wants watched (see `FolderList.put`); since when each folder is, is noted."""
        now, change = self._engine.clock.time(), self._watching.wanted.put(who, folders)
        kept = {path: since for path, since in self._since.items() if path not in change.gone}
        self._since = {**kept, **dict.fromkeys(change.new, now)}
        return change

    def look(self, folder: RunFolder) -> None:
        """A run was found, or its log grew."""
        watched = self._watching.wanted.holding(folder.path)
        since = self._since.get(watched.path) if watched is not None else None
        if since is not None and self._watching._watcher is not None:
            self._engine.link_watch.look(folder, since)

    def are_known(self, folder: RunFolder) -> None:
        """Links of a run may be followed from now on: they may have been left out."""
        if (run := self._watching.run_of(folder.log)) is not None:
            run.ask_again()
            self._engine._scheduler.wake(run)

    def use(self, run: RunSync, is_wanted: bool) -> None:
        """Follow the links of a run from now on, or no longer: somebody changed that for its folder."""
        if run.wishes.follow_links == is_wanted:
            return
        changed = replace(run.wishes, follow_links=is_wanted)
        self._engine._scheduler.between_turns(run, lambda: run.use(run.connection, changed))
        if is_wanted:
            run.ask_again()
            self._engine._scheduler.wake(run)
