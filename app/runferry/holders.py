"""Which processes of this computer hold a very file open for writing, as the system itself tells it.

What a run folder says of its process (`runferry.json`) may come from anywhere and proves nothing. That a process has
this log open for writing, nobody can write into a folder: so it is what decides whom a stop reaches, whose processes
are measured, which code is looked at, and whether a run lives. A process holds a file when one of its descriptors was
opened for writing (`/proc/PID/fdinfo`), is the same file (device and inode), and lies in the same folder (device and
inode again, as that process sees it: containers have other paths). A file that has a second name (a hard link), or is
itself a link, proves nothing: whoever made the folder chose what it leads to.

The answer keeps "nobody" and "that cannot be told" apart. Only Linux tells who writes; on macOS and Windows it is
always the latter. Some ten milliseconds for a look at all processes, a fraction of one for a look at one. Any thread;
never raises, never opens the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROC = "/proc"
_WRITES = (os.O_WRONLY, os.O_RDWR)
_ACCESS = os.O_WRONLY | os.O_RDWR
_FORKED = 0x40  # PF_FORKNOEXEC: it is the copy of another process and has started no program since
_Key = tuple[int, int]


class Holder(NamedTuple):
    """A process that has the file open for writing. `started`: clock ticks since boot; with `pid` it names a process.

    `fd`: the descriptor's number. `uid`: of whom the process is. `is_fork`: it is the copy of another process and has
    started no program since, so it may merely have inherited the descriptor.
    """

    pid: int
    started: int
    parent: int
    fd: int
    uid: int
    is_fork: bool


@dataclass(frozen=True)
class Holding:
    """`holders`: proven ones. `unseen`: why there may be others, in words; empty where all were seen."""

    holders: tuple[Holder, ...] = ()
    unseen: str = ""

    @property
    def is_nobody(self) -> bool:
        """Whether it is certain that no process of this computer holds the file."""
        return not self.holders and not self.unseen


@dataclass(frozen=True)
class _File:
    """A file to look for: what must agree, and why a look that finds nobody would prove nothing."""

    key: _Key
    folder: _Key
    name: str
    unseen: str = ""


def holding(file: Path) -> Holding:
    """Who holds one file."""
    return holdings([file])[file]


def holdings(files: Iterable[Path]) -> dict[Path, Holding]:
    """Who holds each file, with one look at all processes."""
    found: dict[Path, Holding] = {}
    wanted: dict[_Key, tuple[Path, _File]] = {}
    for path in files:
        file = _file(path)
        if isinstance(file, str):
            found[path] = Holding(unseen=file)
        else:
            wanted[file.key] = (path, file)
    if not wanted:
        return found
    holders: dict[_Key, list[Holder]] = {key: [] for key in wanted}
    blind: dict[_Key, str] = {}
    by_key = {key: file for key, (_, file) in wanted.items()}
    names = {file.name for file in by_key.values()}
    for pid in _numbers():
        _look(pid, by_key, names, holders, blind)
    for key, (path, file) in wanted.items():
        found[path] = Holding(tuple(holders[key]), file.unseen or blind.get(key, ""))
    return found


def holder_of(pid: int, file: Path) -> Holder | None:
    """That process as a holder of this file; None where it does not hold it, or that cannot be seen."""
    wanted = _file(file)
    if isinstance(wanted, str) or pid < 1:
        return None
    holders: dict[_Key, list[Holder]] = {wanted.key: []}
    _look(pid, {wanted.key: wanted}, {wanted.name}, holders, {})
    return next(iter(holders[wanted.key]), None)


def still_holds(holder: Holder, file: Path) -> bool:
    """Whether the same process still has the same descriptor of this file; some ten microseconds."""
    wanted = _file(file)
    if isinstance(wanted, str):
        return False
    descriptor = f"{PROC}/{holder.pid}/fd/{holder.fd}"
    return _proven(holder.pid, descriptor, {wanted.key: wanted}) == wanted.key and _start(holder.pid) == holder.started


def why_blind() -> str:
    """Why no holder of any file can be seen here, in words; empty where they can be."""
    try:
        # `/proc` of another world of processes (a container's, a host's) gives numbers that are not ours.
        if os.readlink(f"{PROC}/self") == str(os.getpid()):  # noqa: PTH115 - asked often
            return ""
        return "the processes that /proc shows are not those that this program belongs to"
    except (OSError, AttributeError):
        return "this system does not tell which process writes to a file (only Linux does)"


def _file(path: Path) -> _File | str:
    """What to look for, or why nobody can be found."""
    blind = why_blind()
    if blind:
        return blind
    try:
        file = os.lstat(path)
        folder = os.stat(path.parent)  # noqa: PTH116
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror or error}"
    if not stat.S_ISREG(file.st_mode):
        return f"{path} is no regular file of its folder"
    if file.st_nlink != 1:
        return f"{path} has {file.st_nlink} names (hard links), so who writes to it proves nothing"
    # The processes of other accounts are not shown to us, and one that may write is the owner's.
    is_ours = os.getuid() in (0, file.st_uid)
    unseen = "" if is_ours else f"{path} belongs to another account, whose processes this one may not see"
    return _File((file.st_dev, file.st_ino), (folder.st_dev, folder.st_ino), path.name, unseen)


def _numbers() -> Iterator[int]:
    try:
        return (int(name) for name in os.listdir(PROC) if name.isdigit())  # noqa: PTH208 - a list of names is less
    except OSError:
        return iter(())


def _look(
    pid: int, files: dict[_Key, _File], names: set[str], holders: dict[_Key, list[Holder]], blind: dict[_Key, str]
) -> None:
    """Add the process where it holds one of the files. A descriptor is followed only where its name is a wanted one:
    a look costs two microseconds else."""
    folder = f"{PROC}/{pid}/fd"
    started = _start(pid)
    try:
        numbers = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return  # another account's, or it has just ended
    for number in numbers:
        descriptor = f"{folder}/{number}"
        try:
            if os.readlink(descriptor).rpartition("/")[2] not in names:  # noqa: PTH115
                continue
        except OSError:
            continue
        key = _proven(pid, descriptor, files, blind)
        if key is None or any(one.pid == pid for one in holders[key]):
            continue
        holder = _holder(pid, int(number))
        if holder is not None and holder.started == started:  # else its number went to another process meanwhile
            holders[key].append(holder)


def _proven(pid: int, descriptor: str, files: dict[_Key, _File], blind: dict[_Key, str] | None = None) -> _Key | None:
    """Which of the files this descriptor writes to. blind: takes why one that is the same file is no proof."""
    try:
        found = os.stat(descriptor)  # noqa: PTH116
        file = files.get((found.st_dev, found.st_ino))
        if file is None or not _is_for_writing(pid, descriptor):
            return None
    except (OSError, ValueError):
        return None
    try:
        folder, _, name = os.readlink(descriptor).rpartition("/")  # noqa: PTH115
        seen = os.stat(f"{PROC}/{pid}/root{folder}/")  # noqa: PTH116 - as that process sees it
        if found.st_nlink == 1 and name == file.name and (seen.st_dev, seen.st_ino) == file.folder:
            return file.key
    except OSError:
        pass
    if blind is not None:
        blind[file.key] = f"process {pid} writes to it under another name, which proves nothing"
    return None


def _is_for_writing(pid: int, descriptor: str) -> bool:
    """Raises OSError, ValueError."""
    number = descriptor.rpartition("/")[2]
    with open(f"{PROC}/{pid}/fdinfo/{number}", encoding="ascii", errors="replace") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("flags:"):
                return int(line[6:], 8) & _ACCESS in _WRITES
    return False


def _stat(pid: int) -> list[bytes]:
    """The fields of ``/proc/PID/stat`` from the third on. Raises OSError, ValueError."""
    with open(f"{PROC}/{pid}/stat", "rb") as file:  # noqa: PTH123
        data = file.read(4096)
    return data[data.rindex(b")") + 2 :].split()


def _start(pid: int) -> int | None:
    try:
        return int(_stat(pid)[19])
    except (OSError, ValueError, IndexError):
        return None


def _holder(pid: int, fd: int) -> Holder | None:
    try:
        fields = _stat(pid)
        if fields[0] in (b"Z", b"X"):
            return None
        with open(f"{PROC}/{pid}/status", "rb") as file:  # noqa: PTH123
            uid = next(int(line.split()[1]) for line in file if line.startswith(b"Uid:"))
        return Holder(pid, int(fields[19]), int(fields[1]), fd, uid, bool(int(fields[6]) & _FORKED))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
