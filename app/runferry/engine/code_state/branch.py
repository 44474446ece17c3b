"""Writing a repository's own files where a run is restored: the new branch, HEAD, the index. Git is not asked.

Every program of git's that could write them reads the repository's configuration, and starts what it names (hooks). The
files are written as git writes them: beside their place, under a lock that git respects, through no link.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runferry.engine.code_state.repository import Repository

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_WHO = "Runferry <runferry@localhost>"


class Locked(Exception):
    """Another git is at work in this repository; the text names its lock."""


@contextmanager
def locked_index(repository: Repository) -> Iterator[Path]:
    """Keeps others from the index; what is written to the given file may be put into its place by `put_index`.

    Raises Locked, OSError.
    """
    lock = repository.git_dir / "index.lock"
    try:
        os.close(os.open(lock, _NEW, 0o666))
    except FileExistsError as error:
        raise Locked(str(lock)) from error
    try:
        yield lock
    finally:
        lock.unlink(missing_ok=True)


def put_index(index: Path, lock: Path) -> None:
    """Make a copy of `index` the repository's. Raises OSError."""
    shutil.copyfile(index, lock)
    lock.replace(lock.with_suffix(""))


def is_free(repository: Repository, name: str) -> bool:
    """Whether a ref can be made: neither it nor a part of its path is taken by another one."""
    parts = name.split("/")
    above = ["/".join(parts[:count]) for count in range(3, len(parts))]
    return not (
        os.path.lexists(repository.common / name) or repository.ref(name) or any(repository.ref(one) for one in above)
    )


def make_ref(repository: Repository, name: str, commit: str) -> None:
    """Raises OSError; FileExistsError where there is one."""
    folder = repository.common
    for part in name.split("/")[:-1]:
        folder = folder / part
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_symlink() or not folder.is_dir():
            raise NotADirectoryError(20, "is no directory", str(folder))
    _write(repository.common / name, f"{commit}\n", is_new=True)


def remove_ref(repository: Repository, name: str) -> None:
    """Take back what `make_ref` made. Raises OSError."""
    (repository.common / name).unlink(missing_ok=True)


def check_out(repository: Repository, name: str, commit: str) -> None:
    """Let HEAD name a ref, and note it where git keeps such notes, so that `git switch -` leads back.

    Raises OSError.
    """
    _write(repository.git_dir / "HEAD", f"ref: {name}\n", is_new=False)
    before = repository.head.removeprefix("refs/heads/")
    now, zone = time.time(), time.strftime("%z")
    line = f"{repository.commit} {commit} {_WHO} {int(now)} {zone}\tcheckout: moving from {before} to {name[11:]}\n"
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    notes = repository.git_dir / "logs"
    with suppress(OSError):
        if not notes.is_symlink() and (notes / "HEAD").is_file():
            handle = os.open(notes / "HEAD", flags)
            try:
                os.write(handle, line.encode("utf-8", "surrogateescape"))
            finally:
                os.close(handle)


def _write(path: Path, text: str, is_new: bool) -> None:
    lock = path.with_name(path.name + ".lock")
    handle = os.open(lock, _NEW, 0o666)
    try:
        os.write(handle, text.encode("utf-8", "surrogateescape"))
        os.close(handle)
        if is_new and os.path.lexists(path):
            raise FileExistsError(17, "is there already", str(path))
        lock.replace(path)
    except OSError:
        lock.unlink(missing_ok=True)
        raise
