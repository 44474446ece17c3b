"""Folders in which this person's runs seem to lie: offered at the first start, never watched unasked.

Looks at a few places and at names in them; does not walk through trees, opens no log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runferry.watch.discovery import is_run_name

_BELOW = ("", "wandb", ".wandb")
_USUAL = ("wandb", "runs", "experiments", "projects", "src", "work", "code")
_MOST = 8  # offered
_WIDTH = 200  # folders of one place that are looked into


@dataclass(frozen=True)
class Nearby:
    """A folder that holds runs. `newest`: when it changed last, seconds since the epoch."""

    path: str
    runs: int
    newest: float


def nearby(environ: Mapping[str, str], here: Path, home: Path) -> list[Nearby]:
    """Where runs lie, newest first. here: the working directory. Folders that cannot be read are left out."""
    found: dict[str, Nearby] = {}
    for place in _places(environ, here, home):
        for below in _BELOW:
            one = _look(place / below if below else place)
            if one is not None:
                found.setdefault(one.path, one)
    return sorted(found.values(), key=lambda one: -one.newest)[:_MOST]


def _places(environ: Mapping[str, str], here: Path, home: Path) -> Iterator[Path]:
    if environ.get("WANDB_DIR"):
        yield Path(environ["WANDB_DIR"]).expanduser().absolute()
    if here != Path(here.anchor):
        yield here
    yield home
    for name in _USUAL:
        yield home / name
        yield from _folders_in(home / name)
    yield from _folders_in(home)


def _folders_in(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            names = [one.name for one in entries if not one.name.startswith(".") and one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [place / name for name in sorted(names)[:_WIDTH]]


def _look(folder: Path) -> Nearby | None:
    try:
        with os.scandir(folder) as entries:
            runs = [one for one in entries if is_run_name(one.name) and one.is_dir(follow_symlinks=False)]
        if not runs:
            return None
        return Nearby(str(folder.resolve()), len(runs), max(one.stat().st_mtime for one in runs))
    except OSError:
        return None
