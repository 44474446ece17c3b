"""`save`: puts files of the training into the run's ``files/`` folder, as links where links work.

A link costs nothing and lets a file that goes on growing be followed; only systems without symlinks get copies. It
reads no file's content otherwise, and never leaves ``files/``.
"""

from __future__ import annotations

import os
import re
from typing import Any, Container, NamedTuple, Sequence

from runferry.recorder.patterns import expand

POLICIES = {"now": 0, "end": 1, "live": 2}
OWN_NAMES = frozenset(
    (
        "output.log",
        "config.yaml",
        "wandb-summary.json",
        "wandb-metadata.json",
        "requirements.txt",
        "wandb-history.jsonl",
        "wandb-events.jsonl",
        "runferry.json",
    )
)
"""What a run has of its own, here or on the server: a file of the person's must not take its place."""


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


def find(pattern: Any, base_path: Any, glob: bool = True, skip: str = "") -> list[tuple[str, str]]:
    """Files that `pattern` names, as (absolute path, name below ``files/``). Raises ValueError in words for people.

    skip: a folder that ``**`` does not go into.
    """
    text = os.fsdecode(pattern)
    if text.startswith(("gs://", "s3://", "http://", "https://")):
        raise ValueError(f"save: {text} is no local file")
    if base_path is not None:
        base = os.path.abspath(os.fsdecode(base_path))
    elif os.path.isabs(text):
        # W&B keeps the last folder of an absolute path.
        base = os.path.dirname(os.path.dirname(text))
    else:
        base = os.getcwd()
    found = [os.path.abspath(path) for path in expand(text, skip, glob)]
    named = [(path, os.path.relpath(path, base).replace(os.sep, "/")) for path in found if os.path.isfile(path)]
    for path, name in named:
        if name.startswith("../") or os.path.isabs(name):
            raise ValueError(f"save: {path} is not below the base path {base}")
    return named


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


class Placed(NamedTuple):
    """`names`: below ``files/``, all of them. `paths`: of those that stand under the name that was asked for.

    elsewhere: names that belong to the run itself, with those that were taken in their place.
    """

    names: list[str]
    paths: list[str]
    elsewhere: dict[str, str]


def save(
    found: Sequence[tuple[str, str]], files_dir: str, ignore: Sequence[str], symlink: bool, own: Container[str]
) -> Placed:
    """Place what `find` found; own: further names that the run uses itself. Raises OSError."""
    placed = Placed([], [], {})
    for source, name in found:
        if ignored(name, ignore):
            continue
        if _is_own(name, own) and not _is_same(source, os.path.join(files_dir, *name.split("/"))):
            made = place(source, _free_name(source, name, files_dir), files_dir, symlink)
            placed.elsewhere[name] = made.name
        else:
            made = place(source, writable(name), files_dir, symlink)
            placed.paths.append(made.path)
        placed.names.append(made.name)
    return placed


def _is_own(name: str, own: Container[str]) -> bool:
    # Some file systems make no difference between upper and lower case.
    return name.lower() in OWN_NAMES or name in own


def _is_same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _free_name(source: str, name: str, files_dir: str) -> str:
    """A name for a file whose own one belongs to the run: below a folder that nothing else is in."""
    at = 1
    while True:
        folder = "saved" if at == 1 else f"saved-{at}"
        target = os.path.join(files_dir, folder, *name.split("/"))
        if not os.path.lexists(target) or _is_same(source, target):
            return f"{folder}/{writable(name)}"
        at += 1


def writable(name: str) -> str:
    """A name as a log can hold it: bytes that are no UTF-8 are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace") if os.name == "posix" else name
