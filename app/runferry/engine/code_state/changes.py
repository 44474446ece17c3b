"""What differs between a commit and the work tree, by a shadow of its repository (see `shadow`).

Large files that Git LFS keeps compare by their pointer, which is computed here: its filter is a program and never
runs. What is too large to be a change of code, and what is no regular file, is left out and named.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from runferry.engine.code_state.git import GitFailed
from runferry.engine.code_state.shadow import Shadow
from runferry.inert import inert
from runferry.regular_files import NotRegular, open_below

MOST = 64 << 20  # bytes of a file that is compared line by line
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--full-index", "--ignore-submodules=all")
_RAW = ("--raw", "-z", "--no-renames", "--ignore-submodules=all", "--no-abbrev")
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LARGEST_POINTER = 1024  # bytes
_LISTING = 1 << 27  # bytes of a list of files
_MOST_LEFT_OUT = 500
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Entry:
    """A file that differs. `blob`: as it was; `mode`: as it is now; zeros where it was or is not."""

    mode: str
    blob: str
    name: bytes


def changed(shadow: Shadow, commit: str) -> list[str]:
    """The names of files that differ from a commit in what they hold. Raises GitFailed."""
    _point_large_files(shadow, _filtered(shadow), float("inf"))
    found = shadow.git.ask(*_DIFF, "--name-only", "-z", "--no-renames", commit, "--", size=_LISTING)
    return [inert(os.fsdecode(one)) for one in found.split(b"\0") if one]


def against(shadow: Shadow, commit: str, until: float) -> tuple[bytes, list[str]]:
    """The patch from a commit to the work tree, and what was left out of it, in words. Raises GitFailed.

    until: when to give up, by `time.monotonic`.
    """
    filtered = _filtered(shadow)
    notes = _point_large_files(shadow, filtered, until) + _pass_over(shadow, filtered)
    left_out, why = _left_out(shadow, commit)
    patterns = [b":(top)", *(b":(exclude,literal,top)" + one for one in left_out)] if left_out else []
    return shadow.git.ask(*_DIFF, commit, "--", *map(os.fsdecode, patterns)), notes + why


def _entries(raw: bytes) -> Iterator[_Entry]:
    """Of git's raw list: ``:mode mode blob blob status``, then the name, each followed by a NUL."""
    parts = iter(raw.split(b"\0"))
    for told in parts:
        if told.startswith(b":"):
            fields = told[1:].decode("ascii", "replace").split()
            yield _Entry(fields[1], fields[2], next(parts, b""))


def _left_out(shadow: Shadow, commit: str) -> tuple[list[bytes], list[str]]:
    """What of a difference is not looked into, before or after, and why."""
    entries = list(_entries(shadow.git.ask("diff-index", *_RAW, commit, "--", size=_LISTING)))
    sizes = _sizes(shadow, [one.blob for one in entries if one.blob.strip("0")])
    names, notes = [], []
    for one in entries:
        why = _unfit(shadow, one.name)
        if not why and sizes.get(one.blob, 0) > MOST:
            why = f"was larger than {MOST:,} bytes"
        if why:
            names.append(one.name)
            notes.append(f"{inert(os.fsdecode(one.name))} is left out: it {why}")
    if len(names) > _MOST_LEFT_OUT:
        raise GitFailed(f"{len(names)} changed files are too large or no regular files")
    return names, notes


def _unfit(shadow: Shadow, name: bytes) -> str:
    """Why what stands in the work tree is not opened; empty where it may be, or is gone."""
    try:
        found = (shadow.repository.root / os.fsdecode(name)).lstat()
    except OSError:
        return ""
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return "is no regular file"
    return f"is larger than {MOST:,} bytes" if stat.S_ISREG(found.st_mode) and found.st_size > MOST else ""


def _sizes(shadow: Shadow, blobs: Sequence[str]) -> dict[str, int]:
    if not blobs:
        return {}
    given = "".join(f"{one}\n" for one in dict.fromkeys(blobs)).encode()
    told = shadow.git.ask("cat-file", "--batch-check=%(objectname) %(objectsize)", given=given, size=_LISTING)
    lines = [line.split() for line in told.decode("ascii", "replace").splitlines()]
    return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}


def _filtered(shadow: Shadow) -> dict[bytes, tuple[str, str]]:
    """The mode and the filter of each file that differs from the index, or seems to, and goes through a filter."""
    raw = shadow.git.ask("diff-files", *_RAW, size=_LISTING)
    modes = {one.name: one.mode for one in _entries(raw) if one.mode.startswith("100")}
    return {name: (modes[name], told) for name, told in filters_of(shadow, list(modes)).items()}


def _pass_over(shadow: Shadow, filtered: Mapping[bytes, tuple[str, str]]) -> list[str]:
    """Keep the files of all filters but LFS's out of the difference: what a filter takes away before anything is
    committed (it encrypts secrets, it strips outputs) is in the work tree, and must not be sent. What was left out."""
    others = {name: told for name, (_, told) in filtered.items() if told != "lfs"}
    _skip(shadow, others)
    return [
        f"{inert(os.fsdecode(name))} is left out: its filter {told} is not run here" for name, told in others.items()
    ]


def _point_large_files(shadow: Shadow, filtered: Mapping[bytes, tuple[str, str]], until: float) -> list[str]:
    """Put the pointers of changed large files into the shadow's index, in the place of the files. What was left out."""
    notes, lines, names = [], [], []
    for name, mode in ((one, mode) for one, (mode, told) in filtered.items() if told == "lfs"):
        pointer, why = _pointer(shadow, name, until)
        if why:
            notes.append(f"{inert(os.fsdecode(name))} is left out: {why}")
        if pointer:
            blob = shadow.git.ask("hash-object", "-w", "--stdin", "--no-filters", given=pointer).strip()
            lines.append(mode.encode() + b" " + blob + b" 0\t" + name + b"\0")
        if pointer or why:
            names.append(name)
    if lines:
        shadow.git.ask("update-index", "-z", "--index-info", given=b"".join(lines))
    _skip(shadow, names)
    return notes


def _skip(shadow: Shadow, names: Collection[bytes]) -> None:
    """From now on these are as the index has them, whatever stands in the work tree."""
    if names:
        given = b"".join(one + b"\0" for one in names)
        shadow.git.ask("update-index", "-z", "--skip-worktree", "--stdin", given=given)


def filters_of(shadow: Shadow, names: Sequence[bytes]) -> dict[bytes, str]:
    """The filter that the attributes name for each file that has one. Raises GitFailed."""
    if not names:
        return {}
    told = shadow.git.ask("check-attr", "-z", "--stdin", "filter", given=b"\0".join(names) + b"\0", size=_LISTING)
    parts = told.split(b"\0")
    found = {parts[at]: os.fsdecode(parts[at + 2]) for at in range(0, len(parts) - 2, 3)}
    return {name: inert(one) for name, one in found.items() if one not in ("unspecified", "unset")}


def _pointer(shadow: Shadow, name: bytes, until: float) -> tuple[bytes, str]:
    """The pointer to a file's content, or why there is none; both empty for one that is gone, empty, or a pointer."""
    try:
        with open_below(shadow.repository.root, PurePosixPath(os.fsdecode(name))) as file:
            head = file.read(_LARGEST_POINTER + 1)
            if not head or (head.startswith(_POINTER) and len(head) <= _LARGEST_POINTER):
                return b"", ""
            found, size, block = hashlib.sha256(), 0, head
            while block:
                if time.monotonic() > until:
                    return b"", "its content could not be read in time"
                found.update(block)
                size += len(block)
                block = file.read(_BLOCK)
    except FileNotFoundError:
        return b"", ""
    except NotRegular:
        return b"", "it is no regular file"
    except OSError as error:
        return b"", f"it cannot be read ({error.strerror})"
    return _POINTER + f"oid sha256:{found.hexdigest()}\nsize {size}\n".encode(), ""
