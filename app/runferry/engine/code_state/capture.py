"""Taking the uncommitted changes of a repository: against the commit, and against what others can fetch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runferry.engine.code_state.git import DIFF, Git, GitFailed, is_own
from runferry.recorder.git import Repository, find

DIFF_NAME = "diff.patch"
UPSTREAM_NAME = "upstream_diff_{}.patch"
LATE = 60.0  # seconds after the run's start


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
    repository = next((found for one in places if (found := find(str(one))) is not None), None)
    if repository is None:
        return Captured(now, late, reason=f"{places[-1]} is in no git repository")
    root = Path(repository.root)
    if not is_own(root):
        return Captured(now, late, str(root), repository.commit, reason=f"{root} belongs to another account")
    deadline = time.monotonic() + seconds
    files: dict[str, bytes] = {}
    reasons = []
    for take in (_against_commit, _against_upstream):
        try:
            git = Git(root, limit, max(deadline - time.monotonic(), 0.0), is_ending)
            files.update(take(git, repository))
        except GitFailed as error:
            reasons.append(str(error))
    return Captured(now, late, str(root), repository.commit, files, "; ".join(dict.fromkeys(reasons)))


def _against_commit(git: Git, repository: Repository) -> dict[str, bytes]:
    """Staged or not; files that git does not know are not part of it."""
    found = git.ask(*DIFF, repository.commit or "HEAD", "--")
    return {DIFF_NAME: found} if found else {}


def _against_upstream(git: Git, repository: Repository) -> dict[str, bytes]:
    """Where the commit itself was not pushed: against the newest one that was, so that others can build it."""
    base = _pushed(git)
    if not base or base == repository.commit:
        return {}
    found = git.ask(*DIFF, base, "--")
    return {UPSTREAM_NAME.format(base): found} if found else {}


def _pushed(git: Git) -> str:
    """The newest commit that the upstream branch has too; empty where there is no upstream."""
    for name in ("@{upstream}", "origin/HEAD", "origin/main", "origin/master"):
        try:
            return git.text("merge-base", "HEAD", name)
        except GitFailed:
            continue
    return ""
