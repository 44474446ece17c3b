"""Commit and remote of the repository around a directory, read from ``.git`` files: git itself is never started.

Knows worktrees, submodules, packed refs and detached heads. Whatever is unusual gives "not known", never an error.
"""

from __future__ import annotations

import os
import re
import stat
from typing import NamedTuple

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SECTION = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*\Z")
_DEEPEST_REF = 5


class Repository(NamedTuple):
    """`root`: the work tree. `remote` and `commit` are empty where they are not known."""

    root: str
    remote: str
    commit: str


def find(directory: str) -> Repository | None:
    """The repository that holds `directory`; None when there is none."""
    place = os.path.abspath(directory)
    while True:
        git_dir = _git_dir(os.path.join(place, ".git"))
        if git_dir:
            common = _common_dir(git_dir)
            return Repository(place, _remote(common), _commit(git_dir, common))
        parent = os.path.dirname(place)
        if parent == place:
            return None
        place = parent


def _read(path: str, limit: int = 1 << 20) -> str:
    """A regular file's beginning; empty where there is none. A pipe that stands there must not hold the training."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(handle, encoding="utf-8", errors="replace") as file:
            return file.read(limit) if stat.S_ISREG(os.fstat(handle).st_mode) else ""
    except (OSError, ValueError):
        return ""


def _git_dir(path: str) -> str:
    """The directory that `.git` is, or that the file `.git` points to (worktrees, submodules)."""
    if os.path.isdir(path):
        return path if os.path.exists(os.path.join(path, "HEAD")) else ""
    text = _read(path, 4096)
    if not text.startswith("gitdir:"):
        return ""
    found = os.path.normpath(os.path.join(os.path.dirname(path), text[7:].strip()))
    return found if os.path.exists(os.path.join(found, "HEAD")) else ""


def _common_dir(git_dir: str) -> str:
    """A worktree keeps its HEAD, and shares refs and config with the main repository."""
    text = _read(os.path.join(git_dir, "commondir"), 4096).strip()
    return os.path.normpath(os.path.join(git_dir, text)) if text else git_dir


def _commit(git_dir: str, common: str) -> str:
    text = _read(os.path.join(git_dir, "HEAD"), 4096).strip()
    for _ in range(_DEEPEST_REF):
        if not text.startswith("ref:"):
            break
        name = text[4:].strip()
        if ".." in name.split("/"):
            return ""
        text = (
            _read(os.path.join(git_dir, name), 4096).strip()
            or _read(os.path.join(common, name), 4096).strip()
            or _packed(common, name)
        )
    return text if _HASH.match(text) else ""


def _packed(common: str, name: str) -> str:
    for line in _read(os.path.join(common, "packed-refs"), 1 << 24).splitlines():
        if line.endswith(" " + name):
            return line.split(" ", 1)[0]
    return ""


def _remote(common: str) -> str:
    """The URL of ``origin``, else of the first remote, without a user's password or token."""
    remotes: dict[str, str] = {}
    name = None
    for line in _read(os.path.join(common, "config")).splitlines():
        line = line.strip()
        section = _SECTION.match(line)
        if section:
            name = section.group(2) if section.group(1).lower() == "remote" else None
            line = line[section.end() :].strip()
        key, equals, value = line.partition("=")
        if name is not None and equals and key.strip().lower() == "url":
            remotes.setdefault(name, value.strip().strip('"'))
    url = remotes.get("origin") or next(iter(remotes.values()), "")
    return without_credentials(url)


def without_credentials(url: str) -> str:
    """A URL without what stands before its @ and after its ?; ``git@host:path`` stays, since its user is no secret."""
    scheme, separator, rest = url.partition("://")
    if not separator or not _SCHEME.match(scheme):
        return url
    place, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    user, at, host = place.rpartition("@")  # a password may hold an @
    if user != "git":
        user = at = ""
    return scheme + separator + user + at + host + slash + path
