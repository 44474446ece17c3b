"""Where the files of `resources/` are: beside the sources, in the installed package, or in the frozen program."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve()


@cache
def resources() -> Path:
    """The folder with icons and templates. RuntimeError where an installation lacks it."""
    frozen = getattr(sys, "_MEIPASS", "")
    places = [Path(frozen) / "resources"] if frozen else []
    places += [_HERE.parents[2] / "resources", _HERE.parents[4] / "resources"]
    for place in places:
        if (place / "icons").is_dir():
            return place
    raise RuntimeError(f"the installation lacks its icons (looked in {', '.join(map(str, places))})")
