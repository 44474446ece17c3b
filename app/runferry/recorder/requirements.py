"""The installed packages as ``requirements.txt``: from the names of metadata directories, which costs one listing per
path entry instead of opening hundreds of files. No package is imported."""

from __future__ import annotations

import os
import re
import sys
from typing import Iterable

_SUFFIXES = (".dist-info", ".egg-info")
_RUNS = re.compile(r"[-_.]+")


def normalised(name: str) -> str:
    """A package name as the index compares it."""
    return _RUNS.sub("-", name).lower()


def installed(search_path: Iterable[str] | None = None) -> dict[str, str]:
    """Versions by normalised name; the first on the search path wins, as with imports."""
    found: dict[str, str] = {}
    for place in sys.path if search_path is None else search_path:
        try:
            names = os.listdir(place or ".")
        except OSError:  # zip files, and entries that do not exist
            continue
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix in _SUFFIXES:
                _take(stem, suffix, found)
    return found


def _take(stem: str, suffix: str, found: dict[str, str]) -> None:
    # name-version.dist-info; older egg-info names may go on with -py3.8 and a platform.
    parts = stem.split("-")
    if suffix == ".egg-info":
        while len(parts) > 2 and not parts[-1][:1].isdigit():
            parts.pop()
    if len(parts) < 2 or not parts[0] or not parts[-1][:1].isdigit():
        return
    if suffix == ".dist-info":
        name, version = "-".join(parts[:-1]), parts[-1]
    else:
        name, version = parts[0], parts[1]
    found.setdefault(normalised(name), version.replace("_", "-") if suffix == ".egg-info" else version)


def text(versions: dict[str, str]) -> str:
    """``name==version`` lines, sorted."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
