"""The run folder: where it is made, what it is called, and ``runferry.json`` in it.

`make` is called once, in `init`. Nothing here may raise for lack of ``latest-run`` (no symlinks on some systems).
"""

from __future__ import annotations

import os
import stat
import time
from typing import Any, Iterator, NamedTuple

from runferry.recorder.settings import wandb_dir

MARKER = "runferry.json"
_MOST_TRIES = 1000


class RunFolder(NamedTuple):
    """Paths of one run; `parent` is the wandb directory that holds the folder."""

    path: str
    log: str
    files: str
    marker: str
    parent: str


def places(root: str) -> Iterator[str]:
    """Where a run folder may be made: below `root`, else in a folder of one's own below the temporary directory."""
    yield os.path.abspath(root or _working_directory())
    try:
        yield private_place()
    except OSError:  # no temporary directory is usable
        return


def private_place() -> str:
    """A folder below the system's temporary directory that nobody else can look or write into. Raises OSError.

    The same for all runs of an account; where somebody else has made one of that name, or a link, a new one.
    """
    import tempfile  # not before it is needed: it loads a dozen other modules

    if not hasattr(os, "getuid"):
        return tempfile.gettempdir()  # Windows has one for each account
    path = os.path.join(tempfile.gettempdir(), f"runferry-{os.getuid()}")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass  # ours, most likely: looked at next
    found = os.lstat(path)
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
        if found.st_mode & 0o077:
            os.chmod(path, 0o700)
        return path
    return tempfile.mkdtemp(prefix="runferry-")


def make(place: str, run_id: str, started: float, is_latest: bool = True) -> RunFolder:
    """Create the folder of a run in ``<place>/wandb``. Raises OSError."""
    path, parent = _make_unique(place, run_id, started)
    if is_latest:
        _point_latest(parent, os.path.basename(path))
    log = os.path.join(path, f"run-{run_id}.wandb")
    return RunFolder(path, log, os.path.join(path, "files"), os.path.join(path, MARKER), parent)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # removed under our feet
        return os.path.expanduser("~")


def _make_unique(root: str, run_id: str, started: float) -> tuple[str, str]:
    """A folder that nobody else has: the name's time is moved on by a second until it is free."""
    parent = wandb_dir(root)
    os.makedirs(parent, exist_ok=True)
    for later in range(_MOST_TRIES):
        stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(started + later))
        path = os.path.join(parent, f"offline-run-{stamp}-{run_id}")
        try:
            os.mkdir(path)
        except FileExistsError:
            continue
        os.mkdir(os.path.join(path, "files"))
        return path, parent
    raise FileExistsError(f"no free folder name for run {run_id} in {parent}")


def _point_latest(parent: str, name: str) -> None:
    """``latest-run`` → the folder, replaced in one step; left alone where symlinks are not to be had."""
    link = os.path.join(parent, "latest-run")
    made = f"{link}.{os.getpid()}"
    try:
        if os.path.lexists(link) and not os.path.islink(link):
            return
        os.symlink(name, made, target_is_directory=True)
        try:
            os.replace(made, link)
        except OSError:
            os.unlink(made)
    except (OSError, NotImplementedError):
        return


def write_text(path: str, text: str) -> None:
    """Write a file so that nobody ever sees half of it. Raises OSError."""
    made = f"{path}.{os.getpid()}.tmp"
    try:
        with open(made, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        os.replace(made, path)
    except OSError:
        try:
            os.unlink(made)
        except OSError:
            pass  # it may not exist: the first error is the one that counts
        raise


def write_marker(path: str, content: dict[str, Any]) -> None:
    """Write ``runferry.json``. Raises OSError."""
    import json

    write_text(path, json.dumps(content, indent=2) + "\n")
