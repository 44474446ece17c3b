"""How this program starts itself again, from source or frozen."""

from __future__ import annotations

import sys


def own_command() -> list[str]:
    """The beginning of a command line. Whatever lies in the working directory is not taken for a part of the program:
    it may be a folder that came from anywhere, with a `runferry` or a `json.py` in it.

    Python 3.10 has no switch for that: give such a process a working directory of ours.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable]
    safe = ["-P"] if sys.version_info >= (3, 11) else []
    return [sys.executable, *safe, "-m", "runferry"]
