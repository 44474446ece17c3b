"""What the app's own folders take on the disk. May take a moment: not on a window's thread."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from runferry.paths import Home


@dataclass(frozen=True)
class Space:
    """One folder. `size`: bytes; `files`: how many."""

    name: str
    path: Path
    size: int
    files: int


def own_space(home: Home) -> tuple[Space, ...]:
    """The local server's store, the state, and the logs. What cannot be read is left out of the sums."""
    places = (("store", home.store), ("state", home.state), ("logs", home.logs))
    return tuple(Space(name, path, *_sum(path, [one for _, one in places if one != path])) for name, path in places)


def _sum(path: Path, others: list[Path]) -> tuple[int, int]:
    """Without the others, where one lies in another."""
    size = files = 0
    for folder, names, inside in os.walk(path):
        names[:] = [one for one in names if Path(folder, one) not in others]
        for name in inside:
            try:
                size += Path(folder, name).lstat().st_size
            except OSError:
                continue
            files += 1
    return size, files
