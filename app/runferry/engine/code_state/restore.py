"""`runferry restore`: a new branch at a run's commit, with the changes that were not committed then.

Touches nothing before everything was checked, and goes back to where it was when the changes do not fit. Like the
taking of changes it starts nothing that a repository names, and fetches nothing.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runferry.engine.code_state.branch import (
    Locked,
    check_out,
    is_free,
    locked_index,
    make_ref,
    put_index,
    remove_ref,
)
from runferry.engine.code_state.capture import DIFF_NAME
from runferry.engine.code_state.changes import changed, filters_of
from runferry.engine.code_state.git import Git, GitFailed, Limits, need_git
from runferry.engine.code_state.repository import Repository, Unfit, find, is_ref
from runferry.engine.code_state.shadow import Shadow, shadow
from runferry.errors import AppError, NeedsUser, PermanentError, UsageError
from runferry.formats.detect import RunFolder
from runferry.inert import inert
from runferry.regular_files import open_below
from runferry.sync.source import Source

HUGE = LARGEST = 1 << 30  # bytes of a patch
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
    commit = content.run.git_commit or commit_in(_read(folder.files_dir, "wandb-metadata.json") or b"")
    own = [one.name for one in folder.files_dir.glob("*.patch") if one.name not in kept]
    files = {name: patch for name in own if (patch := _read(folder.files_dir, name)) is not None}
    files |= {name: path.read_bytes() for name, path in kept.items()}
    told = about_in(files.pop("runferry-code.json", b""))
    return CodeOfRun(folder.run_id, str(told.get("commit") or commit), files, told)


def about_in(description: bytes) -> dict[str, Any]:
    """What ``runferry-code.json`` says; empty where it says nothing."""
    try:
        found = json.loads(description or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def commit_in(metadata: bytes) -> str:
    """The commit that ``wandb-metadata.json`` names; empty where it names none."""
    try:
        found = json.loads(metadata)
        return str((found.get("git") or {}).get("commit") or "")
    except (ValueError, AttributeError, RecursionError):
        return ""


def _read(folder: Path, name: str) -> bytes | None:
    """A file that lies in the run's folder itself; None where none does."""
    try:
        with open_below(folder, name) as file:
            return file.read(HUGE)
    except OSError:
        return None


def restore(code: CodeOfRun, directory: Path, branch: str = "") -> Restored:
    """Make the branch in the repository around `directory`, check it out and apply the changes. Raises AppError."""
    need_git()
    repository, branch = _repository(directory), branch or f"runferry/{code.run_id}"
    limits = Limits(HUGE, time.monotonic() + PATIENCE)
    try:
        with shadow(repository, limits) as looking:
            _check_clean(looking)
            base, patch = _base(looking.git, code)
            _check_branch(repository, looking.git, branch)
            _check_whole(looking, base)
        with locked_index(repository) as lock, shadow(repository, limits, writes=True) as made:
            notes = _switch(made, branch, base, code.files[patch] if patch else b"", lock)
    except Locked as error:
        raise NeedsUser(
            "git-at-work",
            "Another git is at work in this repository",
            f"{error} is there.",
            "Wait until it has ended; then again.",
            error,
        ) from error
    except (Unfit, GitFailed, OSError) as error:
        raise _failed("checkout-failed", "The commit cannot be checked out", error) from error
    return Restored(branch, base, patch, (*_notes(code), *notes))


def _switch(made: Shadow, branch: str, base: str, patch: bytes, lock: Path) -> list[str]:
    """Bring the work tree to `base` with the changes, and then let the repository say so; or leave it as it was."""
    repository, name = made.repository, f"refs/heads/{branch}"
    make_ref(repository, name, base)
    try:
        _refresh(made.git)
        made.git.ask("read-tree", "-m", "-u", repository.commit, base)
        try:
            if patch:
                made.git.ask("apply", "--index", "--whitespace=nowarn", "-", given=patch)
            notes = _told(made, base)
            put_index(made.index, lock)
            check_out(repository, name, base)
        except (GitFailed, OSError) as error:
            _go_back(made, base, branch)
            raise _failed("changes-do-not-fit", "The run's changes cannot be applied", error) from error
    except BaseException:
        remove_ref(repository, name)
        raise
    return notes


def _refresh(git: Git) -> None:
    with suppress(GitFailed):  # it says that files differ: `_check_clean` knows in what
        git.ask("update-index", "-q", "--refresh", "--ignore-submodules")


def _go_back(made: Shadow, base: str, branch: str) -> None:
    try:
        made.git.ask("read-tree", "--reset", "-u", made.repository.commit)
    except GitFailed as error:
        raise _failed("not-gone-back", f"The files stay as they were in {base[:12]}, without the changes", error) from (
            error
        )


def _told(made: Shadow, base: str) -> list[str]:
    """What is not as a person may expect it: what filters keep, and links that lead out of the repository."""
    raw = made.git.ask("diff-index", "--cached", "-z", "--name-only", "--no-renames", made.repository.commit, "--")
    names = [one for one in raw.split(b"\0") if one]
    notes = []
    filtered = filters_of(made, names)
    if "lfs" in filtered.values():
        notes.append("Files that Git LFS keeps are there as pointers: `git lfs pull` brings what they hold.")
    if others := sorted({one for one in filtered.values() if one != "lfs"}):
        notes.append(f"Files were written as they are stored, without the filter {', '.join(others)}.")
    root = made.repository.root.resolve()
    links = [one for one in map(os.fsdecode, names) if (root / one).is_symlink() and _leads_out(root, one)]
    if links:
        shown = ", ".join(inert(f"{one} → {os.readlink(root / one)}") for one in links[:3])  # noqa: PTH115
        notes.append(f"Links lead out of the repository: {shown}{' …' if len(links) > 3 else ''}.")
    return notes


def _leads_out(root: Path, name: str) -> bool:
    target = os.path.normpath(root / Path(name).parent / os.readlink(root / name))  # noqa: PTH115
    return not Path(target).is_relative_to(root)


def _repository(directory: Path) -> Repository:
    try:
        found = find(directory)
    except (Unfit, OSError) as error:
        raise UsageError(
            "unfit-repository",
            "Nothing is restored into this repository",
            f"{error}.",
            "Go into a clone of your own of the run's repository.",
            error,
        ) from error
    if found is None or not found.commit:
        why = "it has no commit yet, or keeps its refs in another form" if found else "not a git repository"
        raise UsageError(
            "no-repository",
            "This is no git repository" if found is None else "This repository cannot be used",
            f"{directory}: {why}.",
            "Go into a clone of the run's repository first.",
        )
    if found.under_way():
        raise NeedsUser(
            "git-under-way",
            "Something is under way in this repository",
            f"{found.git_dir / found.under_way()} is there: a merge, rebase or the like was begun.",
            "End it first (`git status` tells how); then again.",
        )
    return found


def _check_clean(made: Shadow) -> None:
    """Nothing that is not committed may get lost, and files that are not checked out may not appear."""
    told = made.git.ask("ls-files", "-t", "-z", size=HUGE)
    states = {entry[:1] for entry in told.split(b"\0")}
    if b"S" in states:
        raise UsageError(
            "sparse-checkout",
            "Only a part of this repository is checked out",
            f"{made.repository.root} is a sparse checkout, which is left as it is.",
            "Go into a whole clone of the run's repository.",
        )
    staged = made.git.ask("diff-index", "--cached", "-z", "--name-only", "--no-renames", made.repository.commit, "--")
    names = [inert(os.fsdecode(one)) for one in staged.split(b"\0") if one]
    names = list(dict.fromkeys([*names, *changed(made, made.repository.commit)]))
    if names or b"M" in states:
        raise NeedsUser(
            "dirty-tree",
            "There are changes that are not committed",
            f"{made.repository.root} has changed files: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}.",
            "Commit them, or put them away with `git stash`; then again.",
        )


def _check_whole(made: Shadow, base: str) -> None:
    """Everything that is to be written must be there: nothing is fetched from here."""
    raw = made.git.ask("diff-tree", "-r", "-z", "--raw", "--no-abbrev", made.repository.commit, base, size=HUGE)
    told = [part.split() for part in raw.split(b"\0") if part.startswith(b":")]
    blobs = {fields[3] for fields in told if fields[1] not in (b"000000", b"160000")}
    if not blobs:
        return
    found = made.git.ask("cat-file", "--batch-check", given=b"\n".join(sorted(blobs)) + b"\n", size=HUGE)
    missing = sum(line.endswith(b" missing") for line in found.splitlines())
    if missing:
        raise NeedsUser(
            "objects-missing",
            "This clone does not have all files of the run's commit",
            f"{missing} of them are not in it: it is a partial clone.",
            f"Get them with `git checkout --detach {base[:12]}`, then go back with `git switch -`; then again.",
        )


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
        f"{inert(code.commit, 64)} is not in it, and no kept changes begin at a commit that is.",
        "Get it with `git fetch --all`, or go into the right repository.",
    )


def _has(git: Git, commit: str) -> bool:
    try:
        git.ask("cat-file", "-e", f"{commit}^{{commit}}")
    except GitFailed:
        return False
    return True


def _check_branch(repository: Repository, git: Git, branch: str) -> None:
    name = f"refs/heads/{branch}"
    try:
        git.ask("check-ref-format", name)
        is_name = is_ref(name) and not branch.startswith("-")
    except (GitFailed, ValueError):
        is_name = False
    if not is_name:
        raise UsageError(
            "bad-branch",
            "This cannot be a branch's name",
            f"{inert(branch)}: git does not take it.",
            "Choose another one with --branch.",
        )
    if not is_free(repository, name):
        raise UsageError(
            "branch-exists",
            "There is such a branch already",
            f"{inert(branch)} exists, or one that would have to be in its place.",
            f"Choose another one with --branch, or delete it with `git branch -D {inert(branch)}`.",
        )


def _notes(code: CodeOfRun) -> tuple[str, ...]:
    notes = []
    late = code.about.get("seconds_after_start")
    if code.about.get("is_late") and isinstance(late, (int, float)):
        notes.append(
            f"The changes were taken {late / 60:.0f} minutes after the run began: files may have been edited since."
        )
    if code.about.get("reason"):
        notes.append(f"Not everything was kept: {inert(code.about['reason'], 2000)}.")
    if not code.files:
        notes.append("No changes were kept: either there were none, or nobody took them.")
    return tuple(notes)


def _failed(slug: str, title: str, error: Exception) -> AppError:
    who = "Git says: " if isinstance(error, GitFailed) else ""
    return PermanentError(slug, title, f"{who}{inert(error, 2000)}.", "Nothing else was changed.", error)
