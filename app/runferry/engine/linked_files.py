"""The links among a run's files that lead out of its folder. Looks again only into folders that changed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from runferry.sync.links import identity_of

FRESH = 2.0  # seconds within which a folder may change again without showing another time of change
MOST_FOLDERS = 10_000


class Seen(NamedTuple):
    """A link: which one it is, the file that it leads to by a path without links, and when it was made (epoch)."""

    identity: str
    target: str
    changed: float


class _Folder(NamedTuple):
    changed: int
    looked_at: float
    folders: list[str]
    links: dict[str, Seen]


class LinkedFiles:
    """Of one run folder; `files`: where its files lie. Links to folders are not looked into."""

    def __init__(self, folder: Path, files: Path) -> None:
        self._folder = os.path.realpath(folder)
        self._files = files
        self._known: dict[str, _Folder] = {}

    def look(self) -> dict[str, Seen]:
        """The links that lead out of the run's folder now, by the file's name below ``files``."""
        found: dict[str, Seen] = {}
        kept: dict[str, _Folder] = {}
        waiting = [str(self._files)]
        while waiting and len(kept) < MOST_FOLDERS:
            path = waiting.pop()
            try:
                one = kept[path] = self._look_into(path)
            except OSError:
                continue  # it is not there yet, or goes
            found.update(one.links)
            waiting += one.folders
        self._known = kept
        return found

    def _look_into(self, path: str) -> _Folder:
        now, changed = time.time(), os.lstat(path).st_mtime_ns
        known = self._known.get(path)
        if known is not None and known.changed == changed and changed / 1e9 < known.looked_at - FRESH:
            return known
        folders: list[str] = []
        links: dict[str, Seen] = {}
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_symlink():
                    self._add(entry.path, links)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
        return _Folder(changed, now, folders, links)

    def _add(self, path: str, links: dict[str, Seen]) -> None:
        target, found = os.path.realpath(path), os.lstat(path)
        if not target.startswith(self._folder + os.sep):
            name = os.path.relpath(path, self._files).replace(os.sep, "/")
            links[name] = Seen(identity_of(found), target, found.st_ctime)
