"""Reading processes: on Linux one small file of ``/proc`` per process, elsewhere psutil.

A process is its number and its start; the same number with another start is another process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil


@dataclass(frozen=True)
class ProcessReading:
    """`started`: only to tell processes apart. `cpu`: seconds used so far. `memory`: resident bytes."""

    parent: int
    started: float
    cpu: float
    threads: int
    memory: int


class ProcessTable(Protocol):
    """The processes of this machine."""

    def numbers(self) -> Iterator[int]:
        """All process ids."""

    def read(self, pid: int) -> ProcessReading | None:
        """One process; None when it is gone or only a zombie."""

    def open_files(self, pid: int) -> int | None:
        """How many descriptors it has open; None where that may not be seen."""


class LinuxProcesses:
    """``/proc``, whose place can be set for tests. About ten microseconds per process."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._root = str(root)
        self._tick = float(os.sysconf("SC_CLK_TCK"))
        self._page = os.sysconf("SC_PAGE_SIZE")

    def numbers(self) -> Iterator[int]:
        """See ProcessTable."""
        return (int(name) for name in os.listdir(self._root) if name.isdigit())  # noqa: PTH208 - a list of names is less

    def read(self, pid: int) -> ProcessReading | None:
        """See ProcessTable."""
        try:
            file = os.open(f"{self._root}/{pid}/stat", os.O_RDONLY)
            try:
                data = os.read(file, 1024)
            finally:
                os.close(file)
            parts = data[data.rindex(b")") + 2 :].split(None, 22)
            if parts[0] in b"ZX":
                return None
            return ProcessReading(
                parent=int(parts[1]),
                started=float(parts[19]),
                cpu=(int(parts[11]) + int(parts[12])) / self._tick,
                threads=int(parts[17]),
                memory=int(parts[21]) * self._page,
            )
        except (OSError, ValueError, IndexError):
            return None

    def open_files(self, pid: int) -> int | None:
        """See ProcessTable."""
        try:
            return len(os.listdir(f"{self._root}/{pid}/fd"))  # noqa: PTH208 - only their number counts
        except OSError:
            return None


class OtherProcesses:
    """psutil's way, for macOS and Windows."""

    def numbers(self) -> Iterator[int]:
        """See ProcessTable."""
        return iter(psutil.pids())

    def read(self, pid: int) -> ProcessReading | None:
        """See ProcessTable."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                    return None
                times = process.cpu_times()
                return ProcessReading(
                    parent=process.ppid(),
                    started=process.create_time(),
                    cpu=times.user + times.system,
                    threads=process.num_threads(),
                    memory=process.memory_info().rss,
                )
        except (psutil.Error, OSError):
            return None

    def open_files(self, pid: int) -> int | None:
        """See ProcessTable."""
        try:
            process = psutil.Process(pid)
            return int(
                getattr(process, "num_handles" if sys.platform == "win32" else "num_fds")()
            )  # Windows has handles
        except (psutil.Error, OSError):
            return None


def this_table() -> ProcessTable:
    """The one of this system."""
    return LinuxProcesses() if sys.platform.startswith("linux") else OtherProcesses()
