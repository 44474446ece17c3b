"""Where a training's code lies, by what the system tells of its process: never by what its run folder says.

A run folder may name any path of this computer; only what the proven process itself was started with and works in
is looked at. Linux; elsewhere nothing is known of other processes' directories that could be relied on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_TAKES_A_WORD = ("-X", "-W", "--check-hash-based-pycs")
_NO_SCRIPT = ("-c", "-m")


def workplaces(pid: int) -> list[Path]:
    """The directories to look for a repository in: the script's, then the working directory. Empty where unknown."""
    try:
        place = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    script = _script([os.fsdecode(one) for one in words])
    found = [] if script is None else [Path(os.path.normpath(os.path.join(place, script)))]  # noqa: PTH118
    return [one if one.is_dir() else one.parent for one in (*found, Path(place)) if _is_the_same_here(pid, one)]


def _script(words: Sequence[str]) -> str | None:
    """The file or folder that Python was started with; None for a module, a command, or another program."""
    rest = iter(words[1:])
    for word in rest:
        if word in _NO_SCRIPT:
            return None
        if word in _TAKES_A_WORD:
            next(rest, None)
        elif not word.startswith("-"):
            # What a tool is started by (`bin/lightning`) says nothing of the code that trains.
            return word if word.endswith((".py", os.sep)) else None
    return None


def _is_the_same_here(pid: int, path: Path) -> bool:
    """Whether a path leads that process to where it leads us: in a container it need not."""
    try:
        theirs = os.stat(f"/proc/{pid}/root{path}")  # noqa: PTH116
        return os.path.samestat(theirs, path.stat())
    except OSError:
        return False
