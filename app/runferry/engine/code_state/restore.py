"""`runferry restore`: a new branch at a run's commit, with the changes that were not committed then.

Touches nothing before everything was checked, and goes back to where it was when the changes do not fit.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runferry.engine.code_state.capture import DIFF_NAME
from runferry.engine.code_state.git import Git, GitFailed, need_git
from runferry.errors import AppError, NeedsUser, PermanentError, UsageError
from runferry.formats.detect import RunFolder
from runferry.sync.source import Source

HUGE = 1 << 30  # bytes of a patch
PATIENCE = 600.0  # seconds for a checkout
_UPSTREAM = re.compile(r"(?:upstream_)?diff_([0-9a-f]{40}(?:[0-9a-f]{24})?)\.patch")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HEAD = 1 << 20  # bytes of a log in which its run record begins


@dataclass(frozen=True)
class CodeOfRun:
    """What is known of a run's code. `files`: patches by name; `about`: what the capture said of itself."""

    run_id: str
    commit: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    about: Mapping[str, object] = field(default_factory=dict)


def packed(code: CodeOfRun) -> dict[str, Any]:
    """As it travels between processes."""
    files = {name: base64.b64encode(content).decode() for name, content in code.files.items()}
    return {"run_id": code.run_id, "commit": code.commit, "files": files, "about": dict(code.about)}


def unpacked(told: Mapping[str, Any]) -> CodeOfRun:
    """What `packed` made."""
    files = {name: base64.b64decode(content) for name, content in told["files"].items()}
    return CodeOfRun(told["run_id"], told["commit"], files, told["about"])


@dataclass(frozen=True)
class Restored:
    """`base`: the commit that the branch begins at. `changes`: the name of the applied patch, or empty."""

    branch: str
    base: str
    changes: str
    notes: tuple[str, ...] = ()


def local_code(folder: RunFolder, kept: Mapping[str, Path]) -> CodeOfRun:
    """By the run's folder and what the app kept of it. Raises AppError, OSError."""
    source = Source.alone(folder.log)
    source.read_front(_HEAD)
    content = source.reader.content
    commit = content.run.git_commit or _commit_of(folder.files_dir / "wandb-metadata.json")
    own = {one.name: one for one in folder.files_dir.glob("*.patch")} if folder.files_dir.is_dir() else {}
    found = {**own, **kept}
    about = found.pop("runferry-code.json", None)
    told = json.loads(about.read_bytes()) if about else {}
    files = {name: path.read_bytes() for name, path in found.items()}
    return CodeOfRun(folder.run_id, str(told.get("commit") or commit), files, told)


def commit_in(metadata: bytes) -> str:
    """The commit that ``wandb-metadata.json`` names; empty where it names none."""
    try:
        found = json.loads(metadata)
        return str((found.get("git") or {}).get("commit") or "")
    except (ValueError, AttributeError):
        return ""


def _commit_of(path: Path) -> str:
    try:
        return commit_in(path.read_bytes())
    except OSError:
        return ""


def restore(code: CodeOfRun, directory: Path, branch: str = "") -> Restored:
    """Make the branch in the repository around `directory`, check it out and apply the changes. Raises AppError."""
    need_git()
    git = _repository(directory)
    branch = branch or f"runferry/{code.run_id}"
    base, patch = _base(git, code)
    _check_branch(git, branch)
    before = _position(git)
    try:
        git.ask("checkout", "--quiet", "-b", branch, base, "--")
    except GitFailed as error:
        raise _failed("checkout-failed", "The commit cannot be checked out", error) from error
    if patch:
        try:
            git.ask("apply", "--index", "--whitespace=nowarn", "-", given=code.files[patch])
        except GitFailed as error:
            _go_back(git, before, branch)
            raise _failed("changes-do-not-fit", "The run's changes cannot be applied", error) from error
    return Restored(branch, base, patch, _notes(code))


def _repository(directory: Path) -> Git:
    try:
        root = Git(directory).text("rev-parse", "--show-toplevel")
        git = Git(Path(root), HUGE, PATIENCE)
        changed = git.ask("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=dirty")
    except GitFailed as error:
        raise UsageError(
            "no-repository",
            "This is no git repository",
            f"{directory}: {error}.",
            "Go into a clone of the run's repository first.",
            error,
        ) from error
    if changed:
        names = [line[3:] for line in changed.decode("utf-8", "replace").split("\0") if line[2:3] == " "]
        raise NeedsUser(
            "dirty-tree",
            "There are changes that are not committed",
            f"{root} has changed files: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}.",
            "Commit them, or put them away with `git stash`; then again.",
        )
    return git


def _base(git: Git, code: CodeOfRun) -> tuple[str, str]:
    """The commit to begin at, and the name of the patch that leads from there to the run's code."""
    if _COMMIT.fullmatch(code.commit) and _has(git, code.commit):
        return code.commit, DIFF_NAME if DIFF_NAME in code.files else ""
    for name in sorted(code.files, reverse=True):  # `upstream_diff_…` before `diff_…`
        found = _UPSTREAM.fullmatch(name)
        if found and _has(git, found[1]):
            return found[1], name
    if not code.commit:
        raise PermanentError(
            "no-commit",
            "The run's commit is not known",
            f"Run {code.run_id} was not started in a git repository, or git was switched off for it.",
            "There is nothing that could be restored.",
        )
    raise NeedsUser(
        "commit-missing",
        "This repository does not have the run's commit",
        f"{code.commit} is not in it, and no kept changes begin at a commit that is.",
        "Get it with `git fetch --all`, or go into the right repository.",
    )


def _has(git: Git, commit: str) -> bool:
    try:
        git.ask("cat-file", "-e", f"{commit}^{{commit}}")
    except GitFailed:
        return False
    return True


def _check_branch(git: Git, branch: str) -> None:
    try:
        git.ask("check-ref-format", "--branch", branch)
    except GitFailed as error:
        raise UsageError(
            "bad-branch", "This cannot be a branch's name", f"{branch!r}: {error}.", "Choose another one with --branch."
        ) from error
    try:
        git.ask("show-ref", "--verify", "--quiet", f"refs/heads/{branch}")
    except GitFailed:
        return
    raise UsageError(
        "branch-exists",
        "There is such a branch already",
        f"{branch} exists.",
        "Choose another one with --branch, or delete it with `git branch -D`.",
    )


def _position(git: Git) -> str:
    """The branch that is checked out, or the commit."""
    try:
        return git.text("symbolic-ref", "--short", "--quiet", "HEAD")
    except GitFailed:
        return git.text("rev-parse", "HEAD")


def _go_back(git: Git, before: str, branch: str) -> None:
    try:
        git.ask("checkout", "--quiet", before, "--")
        git.ask("branch", "--quiet", "-D", branch)
    except GitFailed as error:
        raise _failed("not-gone-back", f"The branch {branch} stays checked out, without the changes", error) from error


def _notes(code: CodeOfRun) -> tuple[str, ...]:
    notes = []
    if code.about.get("is_late"):
        late = float(str(code.about.get("seconds_after_start", 0))) / 60
        notes.append(
            f"The changes were taken {late:.0f} minutes after the run began: files may have been edited since."
        )
    if code.about.get("reason"):
        notes.append(f"Not everything was kept: {code.about['reason']}.")
    if not code.files:
        notes.append("No changes were kept: either there were none, or nobody took them.")
    return tuple(notes)


def _failed(slug: str, title: str, error: GitFailed) -> AppError:
    return PermanentError(slug, title, f"Git says: {error}.", "Nothing else was changed.", error)
