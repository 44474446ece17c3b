"""Files and folders of the store as they survive a kill and a power cut, and as nobody else can read them.

A small file is replaced as a whole: its new content is on the disk before it takes the old one's name, so at any moment
there is the old or the new one, never a mixture and never nothing. The names themselves are put down by the group
commit that an answer waits for. Temporary files lie beside their target, on the same file system, and are removed when
a store is opened.

No link below the store is ever followed, and nothing but regular files is opened.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import uuid
from pathlib import Path
from typing import Any

from runferry.regular_files import NotRegular, open_regular
from runferry.server.commits import Commits, Part, sync_folder

PARTIAL = ".partial~"  # ends the name of every file that is not complete yet; no escaped name can end like this
LARGEST_RECORD = 256 << 20  # bytes
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def partial_beside(path: Path) -> Path:
    """A free name for the file that will replace `path`; short, whatever the length of the target's name."""
    return path.with_name(f".{uuid.uuid4().hex}{PARTIAL}")


def open_private(path: Path, flags: int) -> int:
    """A descriptor of the regular file `path`, readable by its owner only where it is made.

    Raises OSError, also where a link or anything but a regular file stands there.
    """
    handle = os.open(path, flags | _SAFE | getattr(os, "O_CLOEXEC", 0), 0o600)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise NotRegular(errno.EINVAL, "not a regular file", str(path))


def make_folder(path: Path, commits: Commits | Part) -> None:
    """The folder and those above it, for their owner only where they are made."""
    missing = []
    at = path
    while not os.path.lexists(at):
        missing.append(at)
        at = at.parent
    if at.is_symlink() and missing:
        raise NotRegular(errno.ELOOP, "a link stands on the way", str(at))
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
    if missing:
        commits.written(folders=[one.parent for one in missing])


def write_whole(path: Path, data: bytes, commits: Commits | Part) -> None:
    """Replace `path` with `data` in one step. Raises OSError and leaves nothing behind when the disk refuses."""
    make_folder(path.parent, commits)
    partial = partial_beside(path)
    try:
        with os.fdopen(open_private(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)  # noqa: PTH105 - the atomic one on every system
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    commits.written(folders=[path.parent])


def write_json(path: Path, value: Any, commits: Commits | Part) -> None:
    """`value` as readable JSON. NaN and infinities are kept, as W&B's own files keep them."""
    write_whole(path, json.dumps(value, ensure_ascii=True, indent=1).encode() + b"\n", commits)


def read_json(path: Path) -> Any:
    """What `write_json` wrote. Raises OSError or ValueError."""
    if path.is_symlink():
        raise NotRegular(errno.ELOOP, "a link", str(path))
    with open_regular(path) as file:
        content = file.read(LARGEST_RECORD)
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def move_in(source: Path, target: Path, commits: Commits | Part) -> None:
    """Give a completely received file its name; content and name are on the disk then. Raises OSError.

    Not left to the group commit: who uploads thousands of files, one after the other, would wait its pause for each.
    """
    handle = open_private(source, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    make_folder(target.parent, commits)
    os.replace(source, target)  # noqa: PTH105 - the atomic one on every system
    try:
        sync_folder(target.parent)
    except OSError:
        commits.written(folders=[target.parent])
        raise


def is_plain(root: Path, path: Path) -> bool:
    """Whether no link stands between `root` and `path`, the last part included."""
    at = root
    for part in path.relative_to(root).parts:
        at = at / part
        if at.is_symlink():
            return False
    return True
