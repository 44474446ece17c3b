"""A watched folder as the engine sees it: with the server that is meant, or why nobody can know that."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from runferry.engine.choice import Choice, choose
from runferry.errors import AppError
from runferry.settings import Folder, FolderMode, Settings
from runferry.status import FolderStatus
from runferry.sync.destination import Destination


@dataclass(frozen=True)
class WatchedFolder:
    """A folder, where its runs go, and which of them are sent unasked; the other fields are those of `Folder`.

    error: why its server is not known; its runs are listed and wait. environ: the variables of whoever named it, with
    the key; None: those of this process.
    """

    path: Path
    choice: Choice
    mode: FolderMode = FolderMode.AUTO
    entity: str = ""
    project: str = ""
    exclude: tuple[str, ...] = ()
    min_steps: int = 0
    added: float = 0.0
    follow_links: bool = False
    error: AppError | None = field(default=None, compare=False)
    environ: Mapping[str, str] | None = field(default=None, compare=False, repr=False)

    def destination(self, settings: Settings) -> Destination:
        """Where its runs go on the server."""
        return Destination(self.entity, self.project, "", settings.entity, settings.project)

    def pattern_for(self, run: Path) -> str:
        """The pattern by which a run is left alone; empty when it is not."""
        try:
            parts = run.relative_to(self.path).parts
        except ValueError:
            parts = (run.name,)
        for pattern in self.exclude:
            wanted = pattern.strip("/")
            ways = ["/".join(parts[: end + 1]) for end in range(len(parts))]
            if any(fnmatchcase(one, wanted) for one in (*parts, *ways)):
                return pattern
        return ""

    def shown(self, status: FolderStatus, held: int) -> FolderStatus:
        """How it is watched, with what is set for it."""
        return FolderStatus(
            status.path,
            self.choice.server,
            status.method,
            status.reason,
            status.runs,
            self.mode.value,
            self.entity,
            self.project,
            held,
            self.error.as_dict() if self.error else None,
        )


def watched_folder(folder: Folder, settings: Settings, environ: Mapping[str, str]) -> WatchedFolder:
    """A folder of the settings. Never raises: see `error`."""
    error: AppError | None = None
    try:
        choice = choose("", environ, settings, folder.server)
    except AppError as raised:
        choice, error = Choice(folder.server, "nobody"), raised
    return WatchedFolder(
        Path(folder.path),
        choice,
        folder.mode,
        folder.entity,
        folder.project,
        folder.exclude,
        folder.min_steps,
        folder.added,
        folder.follow_links,
        error,
    )


def of_settings(settings: Settings, environ: Mapping[str, str]) -> list[WatchedFolder]:
    """All folders of the settings."""
    return [watched_folder(one, settings, environ) for one in settings.folders]


@dataclass(frozen=True)
class Change:
    """Paths of folders that are not watched any more, that are now, and for which something else is set."""

    gone: frozenset[Path]
    new: frozenset[Path]
    other: frozenset[Path]

    @property
    def all(self) -> list[Path]:
        """Every path that is concerned."""
        return sorted(self.gone | self.new | self.other)


class FolderList:
    """The folders that are watched, by who wants it. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, tuple[WatchedFolder, ...]] = {}

    def put(self, who: str, folders: Sequence[WatchedFolder]) -> Change:
        """What somebody wants, in place of what he wanted before."""
        with self._lock:
            before = {one.path: one for one in self._all()}
            self._wanted[who] = tuple(folders)
            now = {one.path: one for one in self._all()}
        both = before.keys() & now.keys()
        return Change(
            frozenset(before.keys() - now.keys()),
            frozenset(now.keys() - before.keys()),
            frozenset(path for path in both if before[path] != now[path]),
        )

    def is_known(self, who: str) -> bool:
        """Whether somebody said what he wants, be it nothing."""
        with self._lock:
            return who in self._wanted

    def all(self) -> list[WatchedFolder]:
        """Each folder once; the first who wanted it says how."""
        with self._lock:
            return self._all()

    def _all(self) -> list[WatchedFolder]:
        found: dict[Path, WatchedFolder] = {}
        for folders in self._wanted.values():
            for one in folders:
                found.setdefault(one.path, one)
        return list(found.values())

    def shown(self, statuses: Iterable[FolderStatus], held: Sequence[Path]) -> list[FolderStatus]:
        """How each is watched, with what is set for it. held: the folder of each run that is held back."""
        named = {str(one.path): one for one in self.all()}
        return [named[one.path].shown(one, held.count(Path(one.path))) for one in statuses if one.path in named]

    def holding(self, path: Path) -> WatchedFolder | None:
        """The innermost folder that holds `path`; runs are known without the links that a folder's name may have."""
        folders = self.all()
        if not folders:
            return None
        if len(folders) == 1 and is_below(path, (folders[0].path,)):
            return folders[0]
        holding = [one for one in folders if is_below(path, (one.path,))]
        if not holding:
            real = path.resolve()
            holding = [one for one in folders if is_below(real, (one.path.resolve(),))]
        return max(holding, key=lambda one: len(one.path.parts), default=None)


def follows_links(path: Path, watched: WatchedFolder | None, settings: Settings) -> bool:
    """Whether what is set for the folder that holds a run has links followed; also where nothing is watched now."""
    if watched is not None:
        return watched.follow_links
    holding = [one for one in settings.folders if is_below(path, (Path(one.path), Path(one.path).resolve()))]
    innermost = max(holding, key=lambda one: len(Path(one.path).parts), default=None)
    return innermost is not None and innermost.follow_links


def is_below(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a path is one of these folders, or lies in one."""
    text = os.fspath(path)  # ten thousand are asked about when many runs lie in one folder
    return any(text.startswith(f"{root}{os.sep}") or root == path or root in path.parents for root in roots)
