"""How a run learns that the process ends: exit code, exception, SIGTERM, fork.

Hooks chain to what was there and step out when no run is left; they never replace what another package decides. SIGINT
is left to Python: it arrives as KeyboardInterrupt. `os._exit` and SIGKILL cannot be seen: such runs have no end.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from enum import Enum
from typing import Any, Callable, Protocol

SIGTERM_CODE = 128 + 15
SIGINT_CODE = 128 + 2


class Outcome(str, Enum):
    """How a run ended."""

    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"


class Ending(Protocol):
    """A run, as the hooks see it."""

    def end_with_process(self, exit_code: int, outcome: Outcome) -> None:
        """The process ends."""

    def end_by_signal(self, exit_code: int, then: Callable[[], None]) -> None:
        """A signal ends the process: record it, now or right after the record that was interrupted, then go on."""

    def disown(self) -> None:
        """This is a forked child: the run belongs to the parent."""


def outcome_of(exit_code: int) -> Outcome:
    """What an exit code stands for when nothing else is known."""
    return Outcome.FINISHED if exit_code == 0 else Outcome.FAILED


def code_of(exit_argument: object) -> int:
    """The process' exit code for what was given to `sys.exit`."""
    if exit_argument is None:
        return 0
    if isinstance(exit_argument, int):
        return exit_argument & 0xFF if os.name == "posix" else exit_argument
    return 1


class ProcessHooks:
    """One per process: knows the runs that are being recorded, and how the process is about to end."""

    def __init__(self) -> None:
        self._runs: list[Ending] = []
        self._exit_code = 0
        self._outcome = Outcome.FINISHED
        self._installed = False
        self._fork_hook = False
        self._excepthook: Any = None
        self._exit: Any = None
        self._has_sigterm = False

    def add(self, run: Ending) -> None:
        """From now on this run is told about the end."""
        self._runs.append(run)
        if not self._installed:
            self._install()

    def remove(self, run: Ending) -> None:
        """This run has ended."""
        self._runs = [one for one in self._runs if one is not run]
        if not self._runs and self._installed:
            self._uninstall()

    def _install(self) -> None:
        self._installed = True
        self._exit_code, self._outcome = 0, Outcome.FINISHED
        atexit.register(self._at_exit)
        self._excepthook, sys.excepthook = sys.excepthook, self._on_exception
        self._exit, sys.exit = sys.exit, self._on_exit
        if not self._fork_hook and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._in_child)
            self._fork_hook = True
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGTERM"):
            try:
                if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                    signal.signal(signal.SIGTERM, self._on_sigterm)
                    self._has_sigterm = True
            except (ValueError, OSError):  # a subinterpreter
                self._has_sigterm = False

    def _uninstall(self) -> None:
        self._installed = False
        atexit.unregister(self._at_exit)
        # Bound methods are equal, not identical; whoever stands on top of us keeps his place, and calls through.
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._excepthook
        if sys.exit == self._on_exit:
            sys.exit = self._exit
        self._release_sigterm()

    def _release_sigterm(self) -> None:
        if not self._has_sigterm:
            return
        try:
            if signal.getsignal(signal.SIGTERM) == self._on_sigterm:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                self._has_sigterm = False
        except ValueError:  # not the main thread: the handler stays, and finds no run
            return

    def _on_exception(self, kind: Any, value: Any, trace: Any) -> None:
        if not (hasattr(sys, "ps1") or sys.flags.interactive):  # a prompt goes on after an exception
            interrupted = isinstance(kind, type) and issubclass(kind, KeyboardInterrupt)
            self._exit_code = SIGINT_CODE if interrupted else 1
            self._outcome = Outcome.KILLED if interrupted else Outcome.FAILED
        self._excepthook(kind, value, trace)

    def _on_exit(self, *code: Any) -> Any:
        if self._installed and threading.current_thread() is threading.main_thread():
            self._exit_code = code_of(code[0] if code else None)
            self._outcome = outcome_of(self._exit_code)
        return self._exit(*code)

    def _at_exit(self) -> None:
        for run in list(self._runs):
            run.end_with_process(self._exit_code, self._outcome)

    def _on_sigterm(self, number: int, frame: Any) -> None:
        runs = list(self._runs)

        def end_rest() -> None:
            if runs:
                runs.pop().end_by_signal(SIGTERM_CODE, end_rest)
                return
            # As if we had never been here: the process ends by the signal itself.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)

        end_rest()

    def _in_child(self) -> None:
        runs, self._runs = self._runs, []
        for run in runs:
            run.disown()
        if self._installed:
            self._uninstall()


HOOKS = ProcessHooks()


def exit_code_of(kind: type | None, value: object) -> tuple[int, Outcome]:
    """Exit code and outcome for the exception that left a `with` block; None: no exception."""
    if kind is None:
        return 0, Outcome.FINISHED
    if issubclass(kind, KeyboardInterrupt):
        return SIGINT_CODE, Outcome.KILLED
    if issubclass(kind, SystemExit):
        code = code_of(getattr(value, "code", None))
        return code, outcome_of(code)
    return 1, Outcome.FAILED
