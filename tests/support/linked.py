"""The links of a run folder as the sync looks at them."""

from __future__ import annotations

from pathlib import Path

from runferry.formats.detect import RunFolder, RunKind
from runferry.sync.links import RunLinks
from runferry.sync.wishes import Wishes


def run_folder(path: Path, files: Path | None = None) -> RunFolder:
    """A folder that need not hold a log."""
    return RunFolder(path, path / "run-r.wandb", "r", RunKind.RECORDER, None, files or path / "files")


def links_of(path: Path, files: Path | None = None, *, follow: bool = False, named: tuple[str, ...] = ()) -> RunLinks:
    """By the rules alone, as long as nobody says that they are to be followed."""
    return RunLinks(run_folder(path, files), Wishes(follow_links=follow, named_links=named))
