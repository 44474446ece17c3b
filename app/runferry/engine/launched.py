"""Which processes train one run together: the logs of one run on this computer, and the workers of one launcher.

A launcher (torchrun, mpirun, srun …) writes into its workers' environment which of how many they are; that is what is
looked at, never a process group, which may hold a person's shell or other trainings. Nothing is signalled here.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import psutil

from runferry.formats.detect import RunFolder, identify
from runferry.formats.readers import front

_FAMILIES = (
    (("RANK", "LOCAL_RANK"), "WORLD_SIZE"),
    (("OMPI_COMM_WORLD_RANK",), "OMPI_COMM_WORLD_SIZE"),
    (("PMI_RANK",), "PMI_SIZE"),
    (("SLURM_PROCID",), "SLURM_NTASKS"),
)
"""Names of a worker's number, and of how many there are."""
_LAUNCH = ("MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "PMIX_NAMESPACE", "SLURM_JOB_ID", "SLURM_STEP_ID")
"""What is equal in all workers of one launch, and together differs between two."""
_LAUNCHERS = {
    "torchrun", "torch.distributed.run", "torch.distributed.launch", "accelerate", "accelerate.commands.launch",
    "deepspeed", "deepspeed.launcher.launch", "horovodrun", "mpirun", "mpiexec", "orterun", "prterun", "orted", "prted",
    "mpiexec.hydra", "hydra_pmi_proxy",
}  # fmt: skip
_SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish", "busybox"}
_WORDS = 5  # of a command, among which a launcher's name stands


@dataclass(frozen=True)
class _Place:
    """Which worker of which launch."""

    family: int
    number: tuple[str | None, ...]
    launch: tuple[str | None, ...]

    def is_beside(self, other: _Place) -> bool:
        """Whether both are of one launch and are two of its workers: an equal rank was inherited from one shell."""
        if (other.family, other.launch) != (self.family, self.launch):
            return False
        return next((one != two for one, two in zip(self.number, other.number, strict=True) if one and two), False)


def logs_of_one_run(folder: RunFolder) -> list[RunFolder]:
    """The folders beside this one that hold logs of the same run, this one first: a process per card, say."""
    found, run = [folder], _run(folder)
    if run is None:
        return found
    for path in sorted(folder.path.parent.glob(f"*run-*-{glob.escape(folder.run_id)}")):
        one = identify(path)
        if isinstance(one, RunFolder) and one.path != folder.path and _run(one) == run:
            found.append(one)
    return found


def launched_with(process: psutil.Process) -> list[psutil.Process]:
    """The other workers of its launch on this computer, and then the launcher: it would start them anew.

    Empty where nobody launched several. A program that only inherited a worker's environment (an evaluation that the
    training starts) is no worker. Where a person exported the variables in a shell, whatever is started there has them:
    then only the same program counts. Raises psutil.Error when the process itself is gone.
    """
    place = _place(process)
    if place is None:
        return []
    first, launcher = process, process.parent()
    while launcher is not None and _place(launcher) == place:
        if not _is_shell(launcher):
            return []
        first, launcher = launcher, launcher.parent()
    if launcher is None:
        return []
    found = []
    for child in launcher.children():
        other = _place(child) if child != first else None
        if other is not None and place.is_beside(other):
            found += list(_trainings(child, other))
    if _is_launcher(launcher):
        return [*found, launcher]
    program = _program(process)
    return [one for one in found if program and _program(one) == program]


def _run(folder: RunFolder) -> tuple[str, str, str] | None:
    """The run as a server knows it: an id is unique in its project only. None while that cannot be told."""
    if folder.marker is not None:
        return (folder.run_id, folder.marker.get("entity") or "", folder.marker.get("project") or "")
    run = front(folder.log).run
    return (folder.run_id, run.entity, run.project) if run.run_id else None


def _place(process: psutil.Process) -> _Place | None:
    """None where it is no worker among several, or may not be looked at."""
    try:
        environ: Mapping[str, str] = process.environ()
    except (psutil.Error, OSError):
        return None
    launch = tuple(environ.get(name) for name in _LAUNCH)
    for family, (names, size) in enumerate(_FAMILIES):
        number = tuple(environ.get(name) for name in names)
        if any(number) and environ.get(size, "").isdigit() and int(environ[size]) > 1:
            return _Place(family, number, launch) if any(launch) else None
    return None


def _trainings(process: psutil.Process, place: _Place) -> Iterator[psutil.Process]:
    """The process itself, or what runs in it where it is a shell around the training."""
    if not _is_shell(process):
        yield process
        return
    try:
        inside = [one for one in process.children() if _place(one) == place]
    except psutil.Error:
        return
    for one in inside:
        yield from _trainings(one, place)


def _is_shell(process: psutil.Process) -> bool:
    try:
        return process.name() in _SHELLS
    except psutil.Error:
        return False


def _program(process: psutil.Process) -> list[str]:
    """Its command without numbers, such as a worker's own; empty where it may not be looked at."""
    try:
        return [re.sub(r"\d+", "", word) for word in process.cmdline()]
    except (psutil.Error, OSError):
        return []


def _is_launcher(process: psutil.Process) -> bool:
    if _is_shell(process):
        return False  # whatever it was told to run
    try:
        words = process.cmdline()[:_WORDS]
    except (psutil.Error, OSError):
        return False
    return any(PurePath(word).name.removesuffix(".exe" if os.name == "nt" else "") in _LAUNCHERS for word in words)
