"""Whether the training behind a run folder is still going on, as far as that can be known from here.

A run ends when its log says so, or when its process is known to be gone: for a recorder run by process id with start
time, boot and machine; for an official run by nobody on this host having the log open. A run of another host is never
called dead because it is silent. The log and the system are only looked at.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psutil

from runferry.formats.detect import RunFolder
from runferry.formats.entries import RunContent
from runferry.formats.interrupted import INTERRUPTED
from runferry.status import RunState

QUIET_AFTER = 300.0  # seconds without a change after which a run that lives is called quiet
SILENT = 60.0  # seconds that an official log must have been unchanged before the lack of a holder counts
OPEN_FILES = Path("/proc")  # Linux
BY_SIGNALS = {128 + number for number in (1, 2, 9, 15)} | {-1, -2, -9, -15}


class Machine(Protocol):
    """What has to be known about this machine; passed in, so that tests need no processes."""

    def identity(self) -> dict[str, Any]:
        """`host`, `machine_id`, `boot_id`, `pid_namespace`; None where unknown. `booted`: seconds since the epoch."""

    def is_alive(self, pid: int, ticks: int | None, started: float | None) -> bool:
        """Whether the process that began then is still there."""

    def may_see_all(self, log: Path) -> bool:
        """Whether every process that could have this log open is visible to us."""

    def has_holder(self, log: Path) -> bool:
        """Whether a process has the file open."""


@dataclass(frozen=True)
class Life:
    """When the log changed last and what time it is, in seconds since the epoch, and the two waiting times."""

    now: float
    changed: float
    quiet_after: float = QUIET_AFTER
    silent: float = SILENT

    @property
    def state(self) -> RunState:
        """Running or quiet, for a run that is not known to be dead."""
        return RunState.QUIET if self.unchanged > self.quiet_after else RunState.RUNNING

    @property
    def unchanged(self) -> float:
        """Seconds without a change. A change in the future (a clock jumped, or is another machine's) tells no more
        than one that is as long ago."""
        return abs(self.now - self.changed)


def run_state(folder: RunFolder, content: RunContent, life: Life, machine: Machine | None = None) -> RunState:
    """The state of the training. `content` must have been read to the end of the log."""
    if content.finished:
        return ended_state(folder, content)
    machine = machine or ThisMachine()
    if folder.marker is not None and isinstance(folder.marker.get("pid"), int):
        is_gone = _recorder_is_gone(folder.marker, machine)
    else:
        is_gone = _official_is_gone(folder.log, content, life, machine)
    if not is_gone:
        return life.state
    return RunState.KILLED if folder.log in INTERRUPTED else RunState.CRASHED


def ended_state(folder: RunFolder, content: RunContent) -> RunState:
    """How a run ended whose log has an exit record."""
    outcome = (folder.marker or {}).get("outcome") or content.outcome
    if outcome in (RunState.FINISHED.value, RunState.FAILED.value, RunState.KILLED.value):
        return RunState(outcome)
    if content.exit_code == 0:
        return RunState.FINISHED
    is_killed = content.exit_code in BY_SIGNALS or folder.log in INTERRUPTED
    return RunState.KILLED if is_killed else RunState.FAILED


def _recorder_is_gone(marker: dict[str, Any], machine: Machine) -> bool:
    here = machine.identity()
    if not _same(marker, here, "host") or not _same(marker, here, "machine_id"):
        return False
    if marker.get("boot_id") and here.get("boot_id") and marker["boot_id"] != here["boot_id"]:
        # Cloned machines share names and ids: the run must also be older than our boot.
        started, booted = marker.get("started_at"), here.get("booted")
        return isinstance(started, (int, float)) and booted is not None and started < booted
    if not _same(marker, here, "pid_namespace"):
        return False
    return not machine.is_alive(marker["pid"], marker.get("process_start_ticks"), marker.get("process_started_at"))


def recorder_process(marker: Mapping[str, Any], machine: Machine | None = None) -> int | None:
    """The process of a recorder run whose training lives on this very host; None where it does not, or nobody can tell.

    The number alone is no proof: its start must be the one that was written down, or, on systems where the recorder
    cannot know it, lie before the run's.
    """
    machine = machine or ThisMachine()
    here, pid = machine.identity(), marker.get("pid")
    if not isinstance(pid, int) or pid < 1 or not here.get("host") or marker.get("host") != here["host"]:
        return None
    if not all(_same(marker, here, name) for name in ("machine_id", "boot_id", "pid_namespace")):
        return None
    ticks, started = marker.get("process_start_ticks"), marker.get("process_started_at")
    if not machine.is_alive(pid, ticks, started):
        return None
    is_known = ticks is not None or started is not None
    return pid if is_known or _began_before(pid, marker.get("started_at")) else None


def recorder_host(marker: Mapping[str, Any], machine: Machine | None = None) -> bool:
    """Whether a recorder run was begun on this very host since it started, and outside of containers we are not in."""
    here = (machine or ThisMachine()).identity()
    names = ("machine_id", "boot_id", "pid_namespace")
    return marker.get("host") == here.get("host") and all(_same(marker, here, name) for name in names)


def _began_before(pid: int, time: object) -> bool:
    """Whether a process was there at a time (seconds since the epoch)."""
    try:
        return isinstance(time, (int, float)) and psutil.Process(pid).create_time() < time + 1.0
    except psutil.Error:
        return False


def holders(logs: Iterable[Path]) -> dict[Path, list[int]]:
    """Which processes have each log open, with one look at all processes; only those that may be looked at."""
    found: dict[Path, list[int]] = {log: [] for log in logs}
    if OPEN_FILES.is_dir():
        _holders(OPEN_FILES, found)
        return found
    by_path = {str(log.resolve()): log for log in found}
    for process in psutil.process_iter():
        try:
            for path in {one.path for one in process.open_files()} & set(by_path):
                found[by_path[path]].append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def _holders(processes: Path, found: dict[Path, list[int]]) -> None:
    """A descriptor is only followed where its file has the name of a log: a look costs two microseconds else."""
    files: dict[tuple[int, int], Path] = {}
    for log in found:
        try:
            stat = log.stat()
        except OSError:
            continue
        files[stat.st_dev, stat.st_ino] = log
    names = {log.name for log in files.values()}
    for one in _descriptors(processes):
        try:
            if os.readlink(one).rpartition("/")[2] not in names:  # noqa: PTH115 -- a path would be made of it
                continue
            stat = one.stat()
        except OSError:
            continue
        log_held = files.get((stat.st_dev, stat.st_ino))
        pid = int(one.parent.parent.name)
        if log_held is not None and pid not in found[log_held]:
            found[log_held].append(pid)


def _same(marker: Mapping[str, Any], here: dict[str, Any], name: str) -> bool:
    return marker.get(name) == here.get(name) or marker.get(name) is None or here.get(name) is None


def _official_is_gone(log: Path, content: RunContent, life: Life, machine: Machine) -> bool:
    if not content.run.host or content.run.host != machine.identity().get("host"):
        return False
    if life.unchanged < life.silent:
        return False
    return machine.may_see_all(log) and not machine.has_holder(log)


class ThisMachine:
    """The machine that we run on."""

    def identity(self) -> dict[str, Any]:
        """See `Machine`."""
        return {"host": platform.node() or None, **_lasting()}

    def is_alive(self, pid: int, ticks: int | None, started: float | None) -> bool:
        """A process with that id and that start; a zombie is dead; what may not be looked at counts as alive."""
        try:
            process = psutil.Process(pid)
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return False
            found = _ticks(pid)
            if ticks is not None and found is not None:
                return ticks == found
            return started is None or abs(process.create_time() - started) < 2.0
        except (psutil.NoSuchProcess, ValueError):  # a number that no process can have
            return False
        except psutil.Error:
            return True

    def may_see_all(self, log: Path) -> bool:
        """True for root, and for the log's owner."""
        if not hasattr(os, "getuid"):
            return False
        try:
            return os.getuid() in (0, log.stat().st_uid)
        except FileNotFoundError:  # an old client that has not logged a row yet
            return False

    def has_holder(self, log: Path) -> bool:
        """Looks through the open files of all processes; some ten milliseconds.

        A process in a container, or with another mount, has the file under another path: the file itself is compared.
        """
        if OPEN_FILES.is_dir():
            return _has_open(OPEN_FILES, log)
        wanted = str(log.resolve())
        for process in psutil.process_iter():
            try:
                if any(one.path == wanted for one in process.open_files()):
                    return True
            except (psutil.Error, OSError):
                continue
        return False


def _has_open(processes: Path, log: Path) -> bool:
    """By what `/proc` says of each process's open files; those that may not be looked at are left out."""
    try:
        file = log.stat()
    except OSError:
        return False
    for one in _descriptors(processes):
        try:
            if not os.readlink(one).startswith("/"):  # noqa: PTH115 -- a socket or pipe; a path would be made of it
                continue
            found = one.stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (file.st_dev, file.st_ino):
            return True
    return False


def _descriptors(processes: Path) -> Iterator[Path]:
    for process in processes.iterdir():
        if process.name.isdigit():
            try:
                yield from list((process / "fd").iterdir())
            except OSError:  # another person's, or it has just ended
                continue


@cache
def _lasting() -> dict[str, Any]:
    """What stays as it is for as long as we run; asked for at every turn of every live run."""
    try:
        namespace: str | None = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = None
    return {
        "machine_id": _line("/etc/machine-id"),
        "boot_id": _line("/proc/sys/kernel/random/boot_id"),
        "pid_namespace": namespace,
        "booted": psutil.boot_time(),
    }


def _line(path: str) -> str | None:
    try:
        return Path(path).read_text().strip() or None
    except OSError:
        return None


def _ticks(pid: int) -> int | None:
    """When a process began, in clock ticks since boot, which setting the clock does not move."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
