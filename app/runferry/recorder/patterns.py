"""What a pattern given to `save` names on disk. Reads directories only; ends also where links lead in circles.

A name that exists is taken as it is, also with brackets in it, and so is the directory in which one works: only what
the person wrote is a pattern.
"""

from __future__ import annotations

import os
from typing import Iterator


def expand(text: str, skip: str = "", glob: bool = True) -> list[str]:
    """Absolute paths, sorted; `skip` is a folder that ``**`` does not go into. A name without a file gives itself."""
    if os.altsep:
        text = text.replace(os.altsep, os.sep)
    whole = os.path.join(os.getcwd(), text)
    if not glob:
        return [whole]
    found = set(_matches(_with_literal_front(whole, text), skip))
    if os.path.lexists(whole):
        found.add(whole)
    return sorted(found)


def _with_literal_front(whole: str, text: str) -> str:
    """The pattern with the folders in front of it, that exist under this very name, protected."""
    import glob

    front = whole[: len(whole) - len(text)] if whole.endswith(text) else ""
    rest = whole[len(front) :]
    while os.sep in rest:
        part, _, after = rest.partition(os.sep)
        if glob.has_magic(part) and not os.path.isdir(front + part):
            break
        front, rest = front + part + os.sep, after
    return glob.escape(front) + rest


def _matches(pattern: str, skip: str) -> Iterator[str]:
    import glob

    before, several, after = pattern.partition(f"{os.sep}**{os.sep}")
    if not several and pattern.endswith(f"{os.sep}**"):
        before, several, after = pattern[:-3], pattern[-3:], "*"
    if not several:
        yield from glob.iglob(pattern)
        return
    for top in glob.iglob(before or os.sep):
        for folder in _folders(top, skip):
            yield from _matches(os.path.join(glob.escape(folder), after), skip)


def _folders(top: str, skip: str) -> Iterator[str]:
    """`top` and all below it that is not hidden; each once, where it really is before links that lead there."""
    seen = {os.path.realpath(skip)} if skip else set()
    waiting, links = [top], []  # type: ignore[var-annotated]
    while waiting or links:
        place = waiting.pop() if waiting else links.pop()
        real = os.path.realpath(place)
        if real in seen or not os.path.isdir(place):
            continue
        seen.add(real)
        yield place
        try:
            names = sorted(os.listdir(place), reverse=True)
        except OSError:  # not ours to read
            continue
        for below in [os.path.join(place, name) for name in names if not name.startswith(".")]:
            (links if os.path.islink(below) else waiting).append(below)
