"""Which process trains a run, proven by what the system tells; and whether one does at all.

The proof is that it has the run's very log open for writing (`runferry.holders`). What ``runferry.json`` says only
chooses among those that hold it: whoever wrote a folder can name any process, but cannot make it hold a file.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import psutil

from runferry.formats.detect import RunFolder
from runferry.formats.marker import read_marker
from runferry.holders import Holder, Holding, holder_of, holding, may_look_into, still_holds

_CORE = ("wandb-core", "wandb-service")
_PYTHON_HELPERS = ("wandb.sdk", "multiprocessing.spawn", "multiprocessing.forkserver")
_SERVICE = re.compile(r"wandb-service\([^-]*-(\d+)-")
_DEEPEST = 64  # processes above one
_MOST = 10_000  # logs of which the holder is remembered


class Machine(Protocol):
    """What has to be known about this machine; passed in, so that tests need no processes."""

    def identity(self) -> dict[str, Any]:
        """`host`, `machine_id`, `boot_id`, `pid_namespace`; None where unknown. `booted`: seconds since the epoch."""

    def holding(self, log: Path, since: float | None = None) -> Holding:
        """Who has the log open for writing; see `holders.holding`."""


@dataclass(frozen=True)
class Training:
    """`is_alive`: False where no process of this computer trains the run; None where that cannot be told, and `why`
    says why. `pid`: the process that does.
    """

    is_alive: bool | None
    pid: int | None = None
    why: str = ""


class ThisMachine:
    """The machine that we run on."""

    def identity(self) -> dict[str, Any]:
        """See `Machine`."""
        return {"host": platform.node() or None, **_lasting()}

    def holding(self, log: Path, since: float | None = None) -> Holding:
        """See `Machine`."""
        return holding(log, since)


_known: dict[Path, tuple[Holder, Training]] = {}  # by log; believed only as long as the holder is the very same


def training_of(folder: RunFolder, since: float | None = None, machine: Machine | None = None) -> Training:
    """The training of a run; some ten microseconds while it goes on. since: see `holders.holding`."""
    if (known := known_training(folder.log)) is not None:
        return known
    marker = read_marker(folder.path) or folder.marker or {}
    machine = machine or ThisMachine()
    pid = marker.get("pid")
    if isinstance(pid, int) and began_here(marker, machine):  # the usual case, without a look at all processes
        named = holder_of(pid, folder.log)
        if named is not None and _is_named(named, marker):
            return judge(folder.log, marker, Holding((named,)), machine)
    return judge(folder.log, marker, machine.holding(folder.log, since), machine)


def known_training(log: Path) -> Training | None:
    """The training that was found for this log, if the same process still holds it in the same way."""
    known = _known.get(log)
    if known is None:
        return None
    if still_holds(known[0], log):
        return known[1]
    _known.pop(log, None)
    return None


def judge(log: Path, marker: Mapping[str, Any], found: Holding, machine: Machine) -> Training:
    """The training of a run, by who holds its log."""
    for one in found.holders:
        if _is_named(one, marker):
            return _remember(log, one, one.pid)
    pids = {one.pid for one in found.holders}
    is_ours, helper = began_here(marker, machine), None
    for one in sorted(found.holders, key=lambda one: one.started):
        if _has_ancestor(one, pids):
            continue
        pid = _training_by(one, is_ours)
        if pid is not None:
            return _remember(log, one, pid)
        helper = helper or (one.pid if not one.is_fork else None)
    if helper is not None:
        return Training(None, why=f"its log is written by process {helper}, a helper that no training here owns")
    if found.unseen:
        return Training(None, why=found.unseen)
    if is_ours and _is_shut(marker):
        return Training(None, why=f"process {marker['pid']} does not let this account see which files it has open")
    return Training(False)  # nobody, or only copies of a training that is gone


def began_here(marker: Mapping[str, Any], machine: Machine) -> bool:
    """Whether a marker claims a process of this very world of processes. It proves nothing but the want of a claim: a
    missing field is not an equal one."""
    here = machine.identity()
    is_same = all(here.get(name) and marker.get(name) == here[name] for name in ("host", "boot_id", "pid_namespace"))
    return is_same and marker.get("machine_id") == here.get("machine_id")


def claims_this_system(marker: Mapping[str, Any], machine: Machine) -> bool:
    """Whether a marker claims a process of this computer, in a container or not; where a system has no number of its
    boot, by the host's name alone. It is a claim."""
    name = "boot_id" if machine.identity().get("boot_id") else "host"
    here = machine.identity().get(name)
    return bool(here) and marker.get(name) == here


def ended_with_the_system(marker: Mapping[str, Any], machine: Machine) -> bool:
    """Whether this computer was started anew since. Cloned machines share names and ids: the run must also be older
    than our boot."""
    here = machine.identity()
    if not all(here.get(name) and marker.get(name) == here[name] for name in ("host", "machine_id")):
        return False
    started, booted = marker.get("started_at"), here.get("booted")
    is_other = bool(marker.get("boot_id")) and bool(here.get("boot_id")) and marker["boot_id"] != here["boot_id"]
    return is_other and isinstance(started, (int, float)) and booted is not None and started < booted


def _remember(log: Path, holder: Holder, pid: int) -> Training:
    if len(_known) >= _MOST:
        _known.clear()
    _known[log] = (holder, Training(True, pid))
    return _known[log][1]


def _is_named(holder: Holder, marker: Mapping[str, Any]) -> bool:
    """Whether the marker names this very process: its number in its own world of processes, and its start."""
    if marker.get("process_start_ticks") != holder.started:
        return False
    try:
        namespace = str(Path(f"/proc/{holder.pid}/ns/pid").readlink())
    except OSError:
        return False
    return (marker.get("pid_namespace"), str(marker.get("pid"))) == (namespace, _number_inside(holder.pid))


def _has_ancestor(holder: Holder, pids: set[int]) -> bool:
    """Whether it is below one of these processes."""
    pid = holder.parent
    for _ in range(_DEEPEST):
        if pid in pids:
            return True
        try:
            pid = psutil.Process(pid).ppid()
        except (psutil.Error, ValueError):
            return False
        if pid <= 1:
            return False
    return False


def _training_by(holder: Holder, is_marked: bool) -> int | None:
    """The training's process, by one that holds its log and is below no other that does; None where it is gone.

    is_marked: who began the run is known and does not hold the log, so that a copy of a process only inherited it.
    """
    try:
        process = psutil.Process(holder.pid)
        name, command = process.name(), process.cmdline()
        if is_helper(name, command):
            return _starter(process, command)
        is_left = is_marked or holder.parent <= 1 or not _run_the_same(process, psutil.Process(holder.parent))
    except (psutil.Error, OSError):
        return None
    return None if holder.is_fork and is_left else holder.pid


def is_helper(name: str, command: Sequence[str]) -> bool:
    """Whether a process is one that the official client starts for itself."""
    words = (name, *command[:4])
    return any(mark in word for word in words[:2] for mark in _CORE) or (
        any(mark in word for word in words for mark in _PYTHON_HELPERS) and "-c" in command[:4]
    )


def _starter(helper: psutil.Process, command: Sequence[str]) -> int | None:
    """The training that started a helper. When it dies its helper outlives it for a moment, and gets a parent that has
    nothing to do with it (init, the session's service manager): so the parent must be the one that the helper's own
    command names, or, where it names none, run the same program. Raises psutil.Error, OSError."""
    parent = helper.parent()  # checks that it is older than its child
    if parent is None or parent.pid <= 1:
        return None
    named = _named_in(command)
    is_it = _number_inside(parent.pid) == named if named else _run_the_same(helper, parent)
    return parent.pid if is_it else None


def _named_in(command: Sequence[str]) -> str:
    """The number of the training's process, as it was given to a helper; empty where it was not."""
    service = _SERVICE.match(command[0]) if command else None
    if service:
        return service[1]
    told = [value for name, value in pairwise(command) if name == "--pid"]
    return told[0] if told else ""


def _number_inside(pid: int) -> str:
    """A process's number in its own world of processes."""
    try:
        told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return str(pid)
    return next((line.split()[-1] for line in told.splitlines() if line.startswith("NSpid:")), str(pid))


def _run_the_same(one: psutil.Process, other: psutil.Process) -> bool:
    return one.exe() == other.exe()


def _is_shut(marker: Mapping[str, Any]) -> bool:
    """Whether the process that a marker names is there, and does not let us see what it has open."""
    pid = marker.get("pid")
    if not isinstance(pid, int) or pid < 1 or may_look_into(pid):
        return False
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) == marker.get(
            "process_start_ticks"
        )
    except (OSError, ValueError, IndexError):
        return False


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
