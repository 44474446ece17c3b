"""Taking the uncommitted changes of a repository: against the commit, and against what others can fetch."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runferry.engine.code_state.changes import against
from runferry.engine.code_state.git import GitFailed, Limits
from runferry.engine.code_state.repository import Repository, Unfit, find, is_ref, read
from runferry.engine.code_state.shadow import Shadow, shadow

DIFF_NAME = "diff.patch"
UPSTREAM_NAME = "upstream_diff_{}.patch"
LATE = 60.0  # seconds after the run's start
_CONFIG = 1 << 20  # bytes
_BRANCH = re.compile(r'\[branch "(?P<name>[^"\n]+)"\](?P<body>[^\[]*)')
_KEY = r"^\s*{}\s*=\s*([^\s#;]+)"


@dataclass(frozen=True)
class Captured:
    """`files`: contents by name; empty where nothing differs. `time`: when, seconds since the epoch.

    `late`: seconds after the run's start. `reason`: why there is nothing, or not everything; in words.
    """

    time: float
    late: float
    root: str = ""
    commit: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_late(self) -> bool:
        """Whether the files may have been edited since the run began."""
        return self.late > LATE


def capture(
    places: Sequence[Path], started: float, limit: int, seconds: float, is_ending: Callable[[], bool] = lambda: False
) -> Captured:
    """The changes of the repository that the first of `places` that is in one lies in. Never raises.

    limit: bytes per file; seconds: for all of it.
    """
    now = time.time()
    late = max(now - started, 0.0)
    try:
        repository = next((found for one in places if (found := find(one)) is not None), None)
    except (Unfit, OSError) as error:
        return Captured(now, late, reason=str(error))
    if repository is None:
        return Captured(now, late, reason=f"{places[-1]} is in no git repository")
    root, commit = str(repository.root), repository.commit
    if not commit:
        return Captured(now, late, root, reason=f"{root} has no commit yet, or its refs are kept in another form")
    try:
        files, reasons = _taken(repository, Limits(limit, time.monotonic() + seconds, is_ending))
    except (Unfit, GitFailed, OSError) as error:
        return Captured(now, late, root, commit, reason=str(error))
    return Captured(now, late, root, commit, files, "; ".join(dict.fromkeys(reasons)))


def _taken(repository: Repository, limits: Limits) -> tuple[dict[str, bytes], list[str]]:
    """The patches by name, and what is missing from them.

    Staged or not; files that git does not know are not part of it. Where the commit itself was not pushed, also
    against the newest one that was, so that others can build it.
    """
    files: dict[str, bytes] = {}
    reasons: list[str] = []
    with shadow(repository, limits) as made:
        pushed = _pushed(made)
        bases = {DIFF_NAME: repository.commit}
        if pushed and pushed != repository.commit:
            bases[UPSTREAM_NAME.format(pushed)] = pushed
        for name, base in bases.items():
            try:
                patch, notes = against(made, base, limits.until)
            except GitFailed as error:
                reasons.append(str(error))
                continue
            reasons += notes
            if patch:
                files[name] = patch
    return files, reasons


def _pushed(made: Shadow) -> str:
    """The newest commit that the upstream branch has too; empty where there is no upstream."""
    repository = made.repository
    names = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master")
    for name in (_upstream(repository), *names):
        there = repository.ref(name) if name else ""
        if not there:
            continue
        try:
            return made.git.text("merge-base", repository.commit, there)
        except GitFailed:
            continue
    return ""


def _upstream(repository: Repository) -> str:
    """The ref that the branch follows, by the two lines that say so; empty where it follows none."""
    branch = repository.head.removeprefix("refs/heads/")
    for found in _BRANCH.finditer(read(repository.common, "config", _CONFIG)):
        if found["name"] == branch:
            told = [re.search(_KEY.format(key), found["body"], re.MULTILINE) for key in ("remote", "merge")]
            remote, merge = (one[1] if one else "" for one in told)
            name = merge if remote == "." else f"refs/remotes/{remote}/{merge.removeprefix('refs/heads/')}"
            if remote and merge and is_ref(name):
                return name
    return ""
