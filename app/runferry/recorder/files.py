"""`save`: puts files of the training into the run's ``files/`` folder, as links where links work.

A link costs nothing and lets a file that goes on growing be followed; only systems without symlinks get copies. It
reads no file's content otherwise, and never leaves ``files/``.
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple, Sequence

POLICIES = {"now": 0, "end": 1, "live": 2}


class Saved(NamedTuple):
    """`name`: path relative to ``files/`` with slashes. `path`: where that is on disk."""

    name: str
    path: str


def ignored(name: str, globs: Sequence[str]) -> bool:
    """Whether a run file's name fits one of W&B's ignore globs; ``*`` and ``?`` stay within one path part."""
    return any(re.fullmatch(_pattern(one), name) for one in globs)


def _pattern(glob: str) -> str:
    out = []
    at = 0
    while at < len(glob):
        char = glob[at]
        end = glob.find("]", at + 2) if char == "[" else -1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif end > 0:
            out.append("[" + glob[at + 1 : end].replace("\\", "\\\\") + "]")
            at = end
        else:
            out.append(re.escape(char))
        at += 1
    return "".join(out)


def find(pattern: Any, base_path: Any, glob: bool = True) -> list[tuple[str, str]]:
    """Files that `pattern` names, as (absolute path, name below ``files/``). Raises ValueError in words for people."""
    text = os.fspath(pattern)
    text = text.decode() if isinstance(text, bytes) else text
    if text.startswith(("gs://", "s3://", "http://", "https://")):
        raise ValueError(f"save: {text} is no local file")
    if base_path is not None:
        base = os.path.abspath(os.fspath(base_path))
    elif os.path.isabs(text):
        # W&B keeps the last folder of an absolute path.
        base = os.path.dirname(os.path.dirname(text))
    else:
        base = os.getcwd()
    whole = os.path.join(os.getcwd(), text)
    found = [os.path.abspath(path) for path in (_expand(whole) if glob else [whole])]
    named = [(path, os.path.relpath(path, base).replace(os.sep, "/")) for path in found if os.path.isfile(path)]
    for path, name in named:
        if name.startswith("../") or os.path.isabs(name):
            raise ValueError(f"save: {path} is not below the base path {base}")
    return named


def _expand(pattern: str) -> list[str]:
    import glob

    return sorted(glob.glob(pattern, recursive=True))


def place(source: str, name: str, files_dir: str, symlink: bool) -> Saved:
    """Make ``files/<name>`` stand for `source`. Raises OSError."""
    target = os.path.join(files_dir, *name.split("/"))
    if os.path.abspath(source) == os.path.abspath(target):
        return Saved(name, target)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        if os.path.realpath(target) == os.path.realpath(source):
            return Saved(name, target)
        os.unlink(target)
    if symlink:
        try:
            os.symlink(source, target)
            return Saved(name, target)
        except (OSError, NotImplementedError):
            pass  # Windows without the right to make links, or a file system that has none
    import shutil

    shutil.copy2(source, target)
    return Saved(name, target)


def save(
    pattern: Any, base_path: Any, glob: bool, files_dir: str, ignore: Sequence[str], symlink: bool, saved: list[str]
) -> list[str]:
    """Place what `pattern` names; gives the names, and adds the paths to `saved`. Raises ValueError, OSError."""
    names = []
    for source, name in find(pattern, base_path, glob):
        if not ignored(name, ignore):
            made = place(source, name, files_dir, symlink)
            names.append(made.name)
            saved.append(made.path)
    return names
