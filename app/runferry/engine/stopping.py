"""Stopping a training from outside: an interrupt as Ctrl+C makes one, and after a while the order to end.

Only a process of this account, and only one that is certainly the run's: its number with its start (or, for the
official client, whoever holds the log open, or its parent). Never SIGKILL: what the training wants to save, it saves.
The signal goes to the process alone and not to its group, as the training hands it on to its workers by itself.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from runferry.engine.named import named_runs
from runferry.errors import AppError, PermanentError, UsageError
from runferry.formats.detect import RunFolder
from runferry.metrics.alive import processes

if TYPE_CHECKING:
    from runferry.engine.engine import Engine

log = logging.getLogger(__name__)

_SHOWN = 200  # characters of a command
LOOK = 0.1  # seconds between two looks whether the process is gone


@dataclass(frozen=True)
class Stopped:
    """What became of it. `signals`: those that were sent, in order; `is_gone`: the process has ended."""

    path: str
    pid: int
    signals: tuple[str, ...]
    is_gone: bool


@dataclass(frozen=True)
class Target:
    """A process that would be stopped. `command`: its first words."""

    path: str
    run_id: str
    pid: int
    command: str


class Stopper:
    """Stops trainings. `patience`: seconds from the interrupt to the order to end."""

    def __init__(self, patience: Callable[[], float]) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._asked: set[Path] = set()  # by the server, once each
        self._ending = threading.Event()

    def stop(self, folder: RunFolder, wait: bool = True) -> Stopped:
        """Interrupt, wait, and order to end. Raises AppError where there is nothing that may be stopped.

        wait: until it is gone, at most twice the patience. Else what follows the interrupt happens on a thread.
        """
        process = find(folder)
        _send(process, signal.SIGINT)
        sent = ("SIGINT",)
        if wait:
            return self._follow_up(folder, process)
        thread = threading.Thread(target=self._follow_up, args=(folder, process), name="stopping", daemon=True)
        with self._lock:
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        return Stopped(str(folder.path), process.pid, sent, is_gone=False)

    def obey(self, folder: RunFolder) -> None:
        """The server says so; once per run. Raises AppError like `stop`."""
        with self._lock:
            if folder.path in self._asked:
                return
            self._asked.add(folder.path)
        self.stop(folder, wait=False)

    def close(self) -> None:
        """Wait no longer for trainings that take their time."""
        self._ending.set()
        for thread in self._threads:
            thread.join(5.0)
        self._ending.clear()

    def _follow_up(self, folder: RunFolder, process: psutil.Process) -> Stopped:
        sent = ["SIGINT"]
        is_gone = self._gone(process)
        if not is_gone and not self._ending.is_set() and hasattr(signal, "SIGTERM") and os.name != "nt":
            try:
                _send(process, signal.SIGTERM)
                sent.append("SIGTERM")
            except AppError as error:
                log.info("%s: %s", folder.path, error)
            is_gone = self._gone(process)
        return Stopped(str(folder.path), process.pid, tuple(sent), is_gone)

    def _gone(self, process: psutil.Process) -> bool:
        """Whether it ends within the patience. A zombie has ended: its parent has not looked yet."""
        left = self._patience()
        while _is_there(process):
            if left <= 0 or self._ending.wait(LOOK):
                return False
            left -= LOOK
        return True


def targets_of(engine: Engine, run: str) -> list[Target]:
    """The living trainings of a run, named by its path or id. Raises AppError where there is none."""
    found, why = [], None
    for folder in named_runs(engine, run):
        try:
            process = find(folder)
            command = " ".join(process.cmdline())[:_SHOWN]
        except psutil.Error:
            command = ""
        except AppError as error:
            why = error
            continue
        found.append(Target(str(folder.path), folder.run_id, process.pid, command))
    if not found and why is not None:
        raise why
    return found


def find(folder: RunFolder) -> psutil.Process:
    """The process of a run's training that may be stopped; AppError says why there is none."""
    pid = processes([folder]).get(folder.path)
    if pid is None:
        raise PermanentError(
            "not-running-here",
            "This run's training is not running on this computer",
            f"No living process of this computer belongs to {folder.path}.",
            "Stop it where it runs.",
        )
    try:
        process = psutil.Process(pid)
        is_own = os.name == "nt" or process.uids().real == os.getuid()
    except psutil.Error as error:
        raise _vanished(folder.path) from error
    if not is_own:
        raise PermanentError(
            "not-your-process",
            "This training belongs to another account",
            f"Process {pid} was not started by you.",
            "Ask whoever started it.",
        )
    return process


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
