"""A watched folder as the engine sees it: with the server that is meant, or why nobody can know that."""

from __future__ import annotations

from collections.abc import Mapping
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
        error,
    )
