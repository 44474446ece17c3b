"""Opens only regular files, whatever stands at a path: never a pipe, a device, a socket or a folder, and never waits.

What a run folder holds may come from anywhere: a zip, a shared drive, a compromised node. A named pipe where a log is
expected would hold the reader for ever, a device would give what is no file's content, and a symbolic link would give
a file that the folder does not hold. So files of run folders are opened here: `open_regular` for a path whose links a
person chose, `open_below` for what stands inside a folder, step by step and through no link, so that nobody can put a
link in the way between a look and the opening.

Any thread. Raises OSError only; `NotRegular` is one, so that what handles an unreadable file handles this too.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePath
from typing import BinaryIO, cast

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # the opening of a pipe does not wait for a writer
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_STEP = (
    getattr(os, "O_PATH", os.O_RDONLY)  # folders above a home may be closed to us but for passing through
    | getattr(os, "O_DIRECTORY", 0)
    | _NOFOLLOW
    | getattr(os, "O_CLOEXEC", 0)
)
_BY_STEPS = os.open in os.supports_dir_fd and bool(_NOFOLLOW)
_REPARSE_POINT = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT of Windows: links, junctions, and files kept in a cloud
_SURROGATE = 0x20000000  # the bit in a reparse point's tag that says that it stands for another file or folder


class NotRegular(OSError):
    """What stands there is no regular file, or a link where none is followed."""


def open_regular(path: Path | str) -> BinaryIO:
    """The regular file at this path, open for reading, its links followed.

    Raises:
        NotRegular: a pipe, device, socket or folder stands there.
        OSError: it cannot be opened.
    """
    try:
        return _regular(os.open(path, _FLAGS), path)
    except OSError as error:
        raise _named(error, path) from None


def open_below(folder: Path, relative: PurePath | str) -> BinaryIO:
    """The regular file at `relative` inside `folder`, open for reading; links below `folder` are not followed.

    Args:
        folder: its own links, and those above it, are followed.
        relative: a path without ``..``.

    Raises:
        NotRegular: no regular file stands there, or a link stands on the way.
        OSError: it cannot be opened.
    """
    parts = PurePath(relative).parts
    whole = folder / relative
    if not parts or PurePath(relative).is_absolute() or ".." in parts:
        raise NotRegular(errno.EINVAL, "not a path inside the folder", str(whole))
    if not _BY_STEPS:
        return _below_by_looking(folder, parts, whole)
    at = os.open(folder, _STEP & ~_NOFOLLOW)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _STEP, dir_fd=at)
            os.close(at)
            at = deeper
        return _regular(os.open(parts[-1], _FLAGS | _NOFOLLOW, dir_fd=at), whole)
    except OSError as error:
        raise _named(error, whole) from None
    finally:
        os.close(at)


def open_real(path: Path) -> BinaryIO:
    """The regular file at this very path: absolute, and with no link on any step of the way to it.

    For a path that was judged as it is: what stands there as a link by now is not followed.

    Raises:
        NotRegular: no regular file stands there, or a link stands on the way.
        OSError: it cannot be opened.
    """
    return open_below(Path(path.anchor), path.relative_to(path.anchor))


def open_to_change(path: Path, is_new: bool = False) -> BinaryIO:
    """The regular file at this path, open for reading and for writing at its end; a link there is not followed.

    Args:
        is_new: make it where there is none.

    Raises:
        NotRegular: a link, pipe, device, socket or folder stands there.
        OSError: it cannot be opened.
    """
    flags = _FLAGS & ~os.O_RDONLY | os.O_RDWR | os.O_APPEND | _NOFOLLOW | (os.O_CREAT if is_new else 0)
    try:
        if not _NOFOLLOW and path.is_symlink():
            raise NotRegular(errno.ELOOP, "not a regular file", str(path))
        return _regular(os.open(path, flags, 0o666), path, "r+b")
    except OSError as error:
        raise _named(error, path) from None


def read_regular(path: Path | str, limit: int) -> bytes:
    """The whole content of a small regular file; links are followed.

    Args:
        limit: the most bytes that such a file may have.

    Raises:
        NotRegular: no regular file stands there.
        OSError: it cannot be read, or it is larger (errno EFBIG).
    """
    with open_regular(path) as file:
        return _whole(file, path, limit)


def read_below(folder: Path, relative: PurePath | str, limit: int) -> bytes:
    """The whole content of a small regular file inside `folder`; like `read_regular`, but links are not followed."""
    with open_below(folder, relative) as file:
        return _whole(file, folder / relative, limit)


def is_link(found: os.stat_result) -> bool:
    """Whether what `lstat` found leads elsewhere: a symbolic link, or a link or junction of Windows."""
    is_reparse_point = bool(getattr(found, "st_file_attributes", 0) & _REPARSE_POINT)
    return stat.S_ISLNK(found.st_mode) or (
        is_reparse_point and bool(getattr(found, "st_reparse_tag", _SURROGATE) & _SURROGATE)
    )


def _whole(file: BinaryIO, path: Path | str, limit: int) -> bytes:
    content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit:,} bytes", str(path))
    return content


def _named(error: OSError, path: Path | str) -> OSError:
    """The error in words of this module: ELOOP is what a link says that is not followed, ENXIO what a socket says."""
    if isinstance(error, NotRegular):
        return error
    if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENOTDIR):
        return NotRegular(error.errno, "not a regular file", str(path))
    error.filename = str(path)
    return error


def _regular(handle: int, path: Path | str, mode: str = "rb") -> BinaryIO:
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotRegular(errno.EINVAL, "not a regular file", str(path))
        return cast(BinaryIO, os.fdopen(handle, mode, -1 if mode == "rb" else 0))
    except BaseException:
        os.close(handle)
        raise


def _below_by_looking(folder: Path, parts: tuple[str, ...], whole: Path) -> BinaryIO:
    """Where no system call walks by steps (Windows): each part is looked at before the whole is opened, and again
    afterwards, when what was opened must be what stands there."""
    _look_at_steps(folder, parts, whole)
    file = open_regular(whole)
    try:
        opened, found = os.fstat(file.fileno()), _look_at_steps(folder, parts, whole)
        if (opened.st_dev, opened.st_ino) != (found.st_dev, found.st_ino):
            raise NotRegular(errno.ELOOP, "it was replaced while it was opened", str(whole))
    except BaseException:
        file.close()
        raise
    return file


def _look_at_steps(folder: Path, parts: tuple[str, ...], whole: Path) -> os.stat_result:
    at = folder
    for part in parts:
        at = at / part
        found = os.lstat(at)
        if is_link(found):
            raise NotRegular(errno.ELOOP, "a link stands on the way", str(whole))
    return found
