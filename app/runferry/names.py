"""Which names a project or a team can have: what W&B forbids, and what would break the address of a request."""

from __future__ import annotations

from functools import lru_cache

from runferry.errors import UsageError

FORBIDDEN = "/\\#?%:"
LONGEST = 128


@lru_cache(maxsize=1024)  # a table of ten thousand runs asks for each of them, and they name few projects
def why_no_name(what: str, name: str) -> str:
    """Why that cannot be the name of a `what` (``project``, ``team``); empty where it can, and where there is none."""
    found = [one for one in FORBIDDEN if one in name]
    if found:
        return f"a {what}'s name cannot hold {' '.join(found)} ({_shortened(name)!r} does)"
    if len(name) > LONGEST:
        return f"a {what}'s name has at most {LONGEST} characters, and this one has {len(name)}"
    if name and (not name.strip(" .") or not name.isprintable()):
        return f"{_shortened(name)!r} cannot be the name of a {what}"
    return ""


def check_name(what: str, name: str) -> None:
    """Raise UsageError for a name that a project or a team cannot have."""
    if why := why_no_name(what, name):
        raise UsageError(
            f"bad-{what}",
            f"That cannot be the name of a {what}",
            f"{why[:1].upper()}{why[1:]}.",
            "Use letters, digits, spaces, - _ and dots.",
        )


def _shortened(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"
