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
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROC = "/proc"
RECENT = 10.0  # seconds that a look at all processes is good for, where nothing was written since
LEGACY_LOG = "wandb-history.jsonl"
_WRITES = (os.O_WRONLY, os.O_RDWR)
_ACCESS = os.O_WRONLY | os.O_RDWR
_FORKED = 0x40  # PF_FORKNOEXEC: it is the copy of another process and has started no program since
_Key = tuple[int, int]  # device and inode


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


class _File(NamedTuple):
    """A file to look for: what must agree, and why a look that finds nobody would prove nothing."""

    key: _Key
    folder: _Key
    name: str
    unseen: str = ""


class _Open(NamedTuple):
    """A descriptor that was opened for writing. `folder`: where its file lies as its process sees it, if it can."""

    key: _Key
    links: int
    folder: _Key | None
    name: str
    holder: Holder


def holding(file: Path, since: float | None = None) -> Holding:
    """Who holds one file.

    since: when a log was last written to (seconds since the epoch). Whoever writes a log has it open from its
    beginning, so a look at all processes that is younger than that, and recent, need not be made anew.
    """
    wanted = _file(file)
    if isinstance(wanted, str):
        return Holding(unseen=wanted)
    return _match(wanted, _looks.get(since) if since is not None and _is_log(file.name) else _look(file.name.__eq__))


def holdings(files: Iterable[Path]) -> dict[Path, Holding]:
    """Who holds each file, with one look at all processes."""
    wanted = {path: _file(path) for path in files}
    names = {one.name for one in wanted.values() if isinstance(one, _File)}
    found = _look(names.__contains__) if names else []
    return {path: Holding(unseen=one) if isinstance(one, str) else _match(one, found) for path, one in wanted.items()}


def holder_of(pid: int, file: Path) -> Holder | None:
    """That process as a holder of this file; None where it does not hold it, or that cannot be seen."""
    wanted = _file(file)
    if isinstance(wanted, str) or pid < 1:
        return None
    return next(iter(_match(wanted, list(_opened(pid, wanted.name.__eq__))).holders), None)


def still_holds(holder: Holder, file: Path) -> bool:
    """Whether the same process, below the same parent, still has the same descriptor of this file; some ten
    microseconds."""
    wanted = _file(file)
    if isinstance(wanted, str):
        return False
    found = _descriptor(holder.pid, str(holder.fd), wanted.name.__eq__)
    return found is not None and found.holder == holder and bool(_match(wanted, [found]).holders)


def why_blind() -> str:
    """Why no holder of any file can be seen here, in words; empty where they can be."""
    try:
        # `/proc` of another world of processes (a container's, a host's) gives numbers that are not ours.
        if os.readlink(f"{PROC}/self") == str(os.getpid()):  # noqa: PTH115 - asked often
            return ""
        return "the processes that /proc shows are not those that this program belongs to"
    except (OSError, AttributeError):
        return "this system does not tell which process writes to a file (only Linux does)"


def may_look_into(pid: int) -> bool:
    """Whether this account may see what a process has open; False also where there is no such process."""
    try:
        os.listdir(f"{PROC}/{pid}/fd")  # noqa: PTH208
    except OSError:
        return False
    return True


class _Looks:
    """The newest look at whoever writes to any log of W&B's, shared by all that ask for one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Sequence[_Open] = ()
        self._when, self._wall = float("-inf"), 0.0

    def get(self, since: float) -> Sequence[_Open]:
        with self._lock:
            is_recent = 0.0 <= time.monotonic() - self._when < RECENT
            if not is_recent or self._wall < since + 1.0:
                self._when, self._wall = time.monotonic(), time.time()
                self._found = _look(_is_log)
            return self._found


_looks = _Looks()


def _is_log(name: str) -> bool:
    return name.endswith(".wandb") or name == LEGACY_LOG


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


def _match(file: _File, found: Iterable[_Open]) -> Holding:
    """Whoever writes to this very file, each process once."""
    holders: dict[int, Holder] = {}
    unseen = file.unseen
    for one in found:
        if one.key != file.key:
            continue
        if one.links == 1 and one.folder == file.folder and one.name == file.name:
            holders.setdefault(one.holder.pid, one.holder)
        else:
            unseen = unseen or f"process {one.holder.pid} writes to it under another name, which proves nothing"
    return Holding(tuple(holders.values()), unseen)


def _look(is_wanted: Callable[[str], bool]) -> list[_Open]:
    """Every descriptor on this computer that writes to a file of such a name, as far as it is shown to us."""
    try:
        numbers = [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 - a list of names is less
    except OSError:
        return []
    return [one for pid in numbers for one in _opened(pid, is_wanted)]


def _opened(pid: int, is_wanted: Callable[[str], bool]) -> Iterator[_Open]:
    """A descriptor is only followed where its file has such a name: a look costs two microseconds else."""
    folder = f"{PROC}/{pid}/fd"
    try:
        numbers = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return  # another account's, or it has just ended
    for number in numbers:
        try:
            if not is_wanted(os.readlink(f"{folder}/{number}").rpartition("/")[2]):  # noqa: PTH115
                continue
        except OSError:
            continue
        found = _descriptor(pid, number, is_wanted)
        if found is not None:
            yield found


def _descriptor(pid: int, number: str, is_wanted: Callable[[str], bool]) -> _Open | None:
    """A descriptor of a process; None where it is not open for writing, or gone."""
    path = f"{PROC}/{pid}/fd/{number}"
    try:
        started = int(_stat(pid)[19])
        found = os.stat(path)  # noqa: PTH116
        folder, _, name = os.readlink(path).rpartition("/")  # noqa: PTH115
        if not is_wanted(name) or not stat.S_ISREG(found.st_mode) or not _is_for_writing(pid, number):
            return None
        holder = _holder(pid, int(number))
    except (OSError, ValueError, IndexError):
        return None
    if holder is None or holder.started != started:  # its number went to another process meanwhile
        return None
    try:
        seen = os.stat(f"{PROC}/{pid}/root{folder}/")  # noqa: PTH116 - as that process sees it
    except OSError:
        return _Open((found.st_dev, found.st_ino), found.st_nlink, None, name, holder)
    return _Open((found.st_dev, found.st_ino), found.st_nlink, (seen.st_dev, seen.st_ino), name, holder)


def _is_for_writing(pid: int, number: str) -> bool:
    """Raises OSError, ValueError."""
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


def _holder(pid: int, fd: int) -> Holder | None:
    """None for one that has ended. Raises OSError, ValueError, IndexError."""
    fields = _stat(pid)
    if fields[0] in (b"Z", b"X"):
        return None
    with open(f"{PROC}/{pid}/status", "rb") as file:  # noqa: PTH123
        uid = next((int(line.split()[1]) for line in file if line.startswith(b"Uid:")), -1)
    return Holder(pid, int(fields[19]), int(fields[1]), fd, uid, bool(int(fields[6]) & _FORKED))
