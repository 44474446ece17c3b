"""Stopping a training from outside: an interrupt as Ctrl+C makes one, and after a while the order to end.

Only a process of this account, and only one that is proven to be the run's: it writes to this very log (see
`formats.trainer`); what the run's folder says of a process proves nothing. Never SIGKILL: what the training wants to
save, it saves. Where several processes train the run together, all of them are stopped, as Ctrl+C stops them: those
that write to its other logs, and the workers that the system shows to be of the same launch as a proven one (see
`launched`). Helpers that a training started (data loaders, say) get no signal from here: the training ends them.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import psutil

from runferry.engine.ended import why_not_running
from runferry.engine.launched import launched_with, logs_of_one_run
from runferry.engine.named import named_runs
from runferry.errors import AppError, PermanentError, UsageError
from runferry.formats.detect import RunFolder, RunKind
from runferry.formats.interrupted import INTERRUPTED
from runferry.metrics.alive import trainings

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

log = logging.getLogger(__name__)

_SHOWN = 200  # characters of a command
_KERNELS = frozenset(("ipykernel_launcher", "ipykernel", "colab_kernel_launcher"))
_WORDS = 6  # of a command, among which a kernel's name stands
LOOK = 0.1  # seconds between two looks whether the process is gone


@dataclass(frozen=True)
class Stopped:
    """What became of it. `signals`: those that were sent, in order; `is_gone`: all its processes have ended.

    `others`: the processes beside `pid` that train the run with it.
    """

    path: str
    pid: int
    signals: tuple[str, ...]
    is_gone: bool
    others: tuple[int, ...] = ()


@dataclass(frozen=True)
class Target:
    """A training that would be stopped. `command`: its first words; `others`: further processes of it."""

    path: str
    run_id: str
    pid: int
    command: str
    others: tuple[int, ...] = ()


class Stopper:
    """Stops trainings. `patience`: seconds from the interrupt to the order to end."""

    def __init__(self, patience: Callable[[], float]) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._asked: set[Path] = set()  # by the server, once each
        self._interrupted: set[psutil.Process] = set()  # as a server asked; its other logs will be asked too
        self._ending = threading.Event()

    def stop(self, folder: RunFolder, wait: bool = True) -> Stopped:
        """Interrupt, wait, and order to end. Raises AppError where there is nothing that may be stopped.

        wait: until it is gone, at most twice the patience. Else what follows the interrupt happens on a thread.
        """
        return self._stop(folder, find_all(folder), wait)

    def obey(self, folder: RunFolder) -> None:
        """The server says so; once per run, also where it has several logs. Raises AppError like `stop`."""
        with self._lock:
            if folder.path in self._asked:
                return
            self._asked.add(folder.path)
        found = find_all(folder)
        with self._lock:
            self._asked.update(one.path for one in logs_of_one_run(folder))  # they may have ended until they are asked
            new = [one for one in found if one not in self._interrupted]
            self._interrupted = {*(one for one in self._interrupted if _is_there(one)), *new}
        if new:
            self._stop(folder, new, wait=False)

    def close(self) -> None:
        """Wait no longer for trainings that take their time."""
        self._ending.set()
        for thread in self._threads:
            thread.join(5.0)
        self._ending.clear()

    def _stop(self, folder: RunFolder, processes: Sequence[psutil.Process], wait: bool) -> Stopped:
        _check_notebooks(folder, processes)
        is_heard = not all(_ignores_interrupts(one) for one in processes)
        first = signal.SIGINT if is_heard else signal.SIGTERM
        logs = [one.log for one in logs_of_one_run(folder) if one.kind is not RunKind.RECORDER]
        proven = _proven(folder)
        INTERRUPTED.note(logs)  # before it can end: whoever reads its end then must know
        try:
            _send_all(processes, first)
        except AppError:
            INTERRUPTED.forget(logs)
            raise
        if wait:
            return self._follow_up(folder, processes, first, proven)
        arguments = (folder, processes, first, proven)
        thread = threading.Thread(target=self._follow_up, args=arguments, name="stopping", daemon=True)
        with self._lock:
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        return _stopped(folder, processes, (first.name,), is_gone=False)

    def _follow_up(
        self, folder: RunFolder, processes: Sequence[psutil.Process], first: signal.Signals, proven: frozenset[int]
    ) -> Stopped:
        sent = [first.name]
        left = self._wait(processes)
        # What a person has in a notebook outlives a run: its cell was interrupted, and that is all.
        kernels = {one.pid for one in left if _is_kernel(one)}
        # One that let go of its log has ended this run, and goes on with something else: a sweep's next, a notebook.
        let_go = proven - _proven(folder) if left else frozenset()
        due = [one for one in left if one.pid not in let_go | kernels]
        if (
            due
            and first is signal.SIGINT
            and not self._ending.is_set()
            and hasattr(signal, "SIGTERM")
            and os.name != "nt"
        ):
            try:
                _send_all(due, signal.SIGTERM)
                sent.append("SIGTERM")
            except AppError as error:
                log.info("%s: %s", folder.path, error)
            left = self._wait(left)
        return _stopped(folder, processes, tuple(sent), is_gone=not left)

    def _wait(self, processes: Sequence[psutil.Process]) -> list[psutil.Process]:
        """Those that have not ended within the patience. A zombie has ended: its parent has not looked yet."""
        until = time.monotonic() + self._patience()
        left = [one for one in processes if _is_there(one)]
        while left and time.monotonic() < until and not self._ending.wait(LOOK):
            left = [one for one in left if _is_there(one)]
        return left


def targets_of(engine: Engine, run: str) -> list[Target]:
    """The living trainings of a run, named by its path, id or name, each once. Raises AppError where there is none."""
    found: list[Target] = []
    known: set[int] = set()
    why = None
    for folder in named_runs(engine, run):
        try:
            first, *others = find_all(folder)
        except AppError as error:
            why = error
            continue
        if first.pid not in known:
            pids = tuple(one.pid for one in others)
            known.update((first.pid, *pids))
            found.append(Target(str(folder.path), folder.run_id, first.pid, _command(first), pids))
    if not found and why is not None:
        raise why
    return found


def find_all(folder: RunFolder) -> list[psutil.Process]:
    """The processes that train a run and may be stopped, the one of this very log first.

    AppError says why there is none.
    """
    logs = logs_of_one_run(folder)
    known = trainings(logs)
    found = [_own(one.path, pid) for one in logs if (pid := known[one.path].pid) is not None]
    if not found:
        raise next((_untold(one, known[one.path].why) for one in logs if known[one.path].is_alive is None), None) or (
            why_not_running(folder)
        )
    own = [one for one in found if isinstance(one, psutil.Process)]
    if not own:
        raise next(one for one in found if isinstance(one, AppError))
    launchers = []
    for one in tuple(own):
        with suppress(psutil.Error):
            launchers += launched_with(one)
    own += [one for one in launchers if _is_own(one)]
    return list(dict.fromkeys(own))


def _untold(folder: RunFolder, why: str) -> AppError:
    return PermanentError(
        "training-unseen",
        "Which process trains this run cannot be told",
        f"{folder.path}: {why}. A process is only stopped when the system shows that it writes to the run's log.",
        "Stop it where it was started, with Ctrl+C in its terminal.",
    )


def _proven(folder: RunFolder) -> frozenset[int]:
    """The processes that are seen to write a log of this run."""
    return frozenset(one.pid for one in trainings(logs_of_one_run(folder)).values() if one.pid is not None)


def _own(path: Path, pid: int) -> psutil.Process | AppError:
    """The process, or why it may not be stopped."""
    try:
        process = psutil.Process(pid)
        if _is_own(process):
            return process
    except psutil.Error:
        return _vanished(path)
    return PermanentError(
        "not-your-process",
        "This training belongs to another account",
        f"Process {pid} was not started by you.",
        "Ask whoever started it.",
    )


def _is_own(process: psutil.Process) -> bool:
    """False for one that is gone."""
    try:
        return os.name == "nt" or process.uids().real == os.getuid()
    except psutil.Error:
        return False


def _check_notebooks(folder: RunFolder, processes: Sequence[psutil.Process]) -> None:
    """A kernel that waits for its next cell ignores interrupts, and the order to end would take everything in it.

    Raises AppError where nothing but such ones trains the run.
    """
    if all(_is_kernel(one) and _ignores_interrupts(one) for one in processes):
        raise PermanentError(
            "notebook-waits",
            "No cell of this run's notebook is at work",
            f"{folder.path}: process {processes[0].pid} is a notebook's kernel; its end would lose what is in it.",
            "Call finish() of the run in the notebook, or shut its kernel down there.",
        )


def _is_kernel(process: psutil.Process) -> bool:
    """Whether a process is that of a notebook, by its command."""
    try:
        return any(PurePath(word).stem in _KERNELS for word in process.cmdline()[1:_WORDS])
    except psutil.Error:
        return False


def _ignores_interrupts(process: psutil.Process) -> bool:
    """Whether it never hears of Ctrl+C: so it is with what a script starts by `&`. Told on Linux only."""
    try:
        told = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
    masks = [line.split()[1] for line in told.splitlines() if line.startswith("SigIgn:")]
    return bool(masks) and bool(int(masks[0], 16) & 1 << (signal.SIGINT - 1))


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:_SHOWN]
    except psutil.Error:
        return ""


def _stopped(folder: RunFolder, processes: Sequence[psutil.Process], sent: tuple[str, ...], is_gone: bool) -> Stopped:
    first, *others = (one.pid for one in processes)
    return Stopped(str(folder.path), first, sent, is_gone, tuple(others))


def _send_all(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """To all of them, whatever one of them says. Raises the first AppError where none took it."""
    errors = []
    for one in processes:
        try:
            _send(one, number)
        except AppError as error:
            errors.append(error)
    if len(errors) == len(processes):
        raise errors[0]


def _send(process: psutil.Process, number: signal.Signals) -> None:
    """psutil makes sure that it is still the same process."""
    try:
        if os.name == "nt":
            _interrupt_on_windows(process)
        else:
            process.send_signal(number)
    except psutil.AccessDenied as error:
        raise PermanentError(
            "may-not-stop",
            "This training may not be stopped from here",
            f"The system does not let this account send a signal to process {process.pid}.",
            "Stop it where it was started.",
            error,
        ) from error
    except psutil.Error as error:
        raise _vanished(Path(str(process.pid))) from error


def _interrupt_on_windows(process: psutil.Process) -> None:
    """Windows has no signals: an interrupt reaches only programs of the sender's own console. Not tried on Windows."""
    raise UsageError(
        "no-signals-on-windows",
        "A training cannot be interrupted from here on Windows",
        f"Windows hands Ctrl+C only to programs of one console, and process {process.pid} has its own.",
        "Press Ctrl+C in the training's own window.",
    )


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _vanished(path: Path) -> AppError:
    return PermanentError("already-ended", "The training has just ended", f"{path} is gone.", "Nothing is left to do.")
