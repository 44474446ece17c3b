"""How a run learns that the process ends: exit code, exception, SIGTERM, fork.

Hooks chain to what was there and step out when no run is left; they never replace what another package decides. SIGINT
is left to Python: it arrives as KeyboardInterrupt. `os._exit` and SIGKILL cannot be seen: such runs have no end.
What an excepthook does not tell, because another took its place, `sys.last_value` does; see also `leaving`.
"""

from __future__ import annotations

import atexit
import builtins
import os
import signal
import sys
import threading
from enum import Enum
from typing import Any, Callable, Protocol

from runferry.recorder.children import call_at_end
from runferry.recorder.leaving import UNKNOWN, MainProgram

SIGTERM_CODE = 128 + 15
SIGINT_CODE = 128 + 2


class Outcome(str, Enum):
    """How a run ended."""

    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"


class Ending(Protocol):
    """A run, as the hooks see it."""

    def end_with_process(self, exit_code: int, outcome: Outcome, note: str) -> None:
        """The process ends. note: what cannot be known of it, or empty."""

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
        if not -(2**63) <= exit_argument < 2**63:
            return 255  # as Python has it
        return exit_argument & 0xFF if os.name == "posix" else exit_argument
    return 1


class ProcessHooks:
    """One per process: knows the runs that are being recorded, and how the process is about to end."""

    def __init__(self) -> None:
        self._runs: list[Ending] = []
        self._argument: Any = UNKNOWN  # what was last given to one of the ways out
        self._uncaught: type | None = None
        self._last_value: Any = None
        self._main = MainProgram(self._saw_exit)
        self._installed = False
        self._fork_hook = False
        self._child_end: Any = None
        self._excepthook: Any = None
        self._exit: Any = None
        self._quitter: Any = None
        self._quit: Any = None
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
        self._argument, self._uncaught = UNKNOWN, None
        self._last_value = getattr(sys, "last_value", None)
        atexit.register(self._at_exit)
        self._child_end = call_at_end(self._at_child_end)
        self._excepthook, sys.excepthook = sys.excepthook, self._on_exception
        self._exit, sys.exit = sys.exit, self._on_exit
        self._watch_quit()
        self._main.look((self._exit, getattr(builtins, "exit", None), getattr(builtins, "quit", None)))
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
        if self._child_end is not None:
            self._child_end.cancel()
        # Bound methods are equal, not identical; whoever stands on top of us keeps his place, and calls through.
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._excepthook
        if sys.exit == self._on_exit:
            sys.exit = self._exit
        if self._quitter is not None and self._quitter.__dict__.get("__call__") is self._quit:
            setattr(self._quitter, "__call__", self._quit.__wrapped__)  # noqa: B010 - a method, for type checkers
        self._main.forget()
        self._last_value = None
        self._release_sigterm()

    def _watch_quit(self) -> None:
        """`exit` and `quit`, which `site` puts among the builtins, raise SystemExit by themselves."""
        quitter = type(getattr(builtins, "exit", None))
        original = quitter.__dict__.get("__call__")
        if quitter.__name__ != "Quitter" or original is None or hasattr(original, "__wrapped__"):
            return

        def leave(this: Any, code: Any = None) -> Any:
            self._saw_exit(code)
            return original(this, code)

        leave.__wrapped__ = original  # type: ignore[attr-defined]
        self._quitter, self._quit = quitter, leave
        setattr(quitter, "__call__", leave)  # noqa: B010

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
        if not _is_prompt():
            self._uncaught = kind if isinstance(kind, type) else Exception
        self._excepthook(kind, value, trace)

    def _on_exit(self, *code: Any) -> Any:
        self._saw_exit(code[0] if code else None)
        return self._exit(*code)

    def _saw_exit(self, argument: Any) -> None:
        if self._installed and threading.current_thread() is threading.main_thread():
            self._argument = argument

    def _at_exit(self) -> None:
        code, outcome, note = self._verdict()
        for run in list(self._runs):
            run.end_with_process(code, outcome, note)

    def _at_child_end(self) -> None:
        """A child of multiprocessing ends: by its function's last line, or by an exception that is on its way."""
        kind, value, _ = sys.exc_info()
        code, outcome = exit_code_of(kind, value)
        for run in list(self._runs):
            run.end_with_process(code, outcome, "")

    def _verdict(self) -> tuple[int, Outcome, str]:
        """How the process ends: exit code, outcome, and what cannot be known."""
        main, uncaught = self._main, self._uncaught
        left = uncaught is None and main.was_left_by_exception()
        if uncaught is None and (left or not main.is_known):
            uncaught = self._uncaught_by_others()
        if uncaught is not None:
            return (*exit_code_of(uncaught, None), "")
        argument = main.exit_argument() if left else UNKNOWN
        if argument is UNKNOWN and (left or not main.is_known or _is_prompt()):
            argument = self._argument  # else: what was given to sys.exit was caught, and the program went on
        if argument is UNKNOWN and left:
            return (
                0,
                Outcome.FINISHED,
                "the program ended by SystemExit with a code that cannot be seen; it counts as 0",
            )
        code = code_of(None if argument is UNKNOWN else argument)
        return code, outcome_of(code), ""

    def _uncaught_by_others(self) -> type | None:
        """The class of an exception that ended the program and that another excepthook has printed."""
        last = getattr(sys, "last_value", None)
        return None if last is None or last is self._last_value or _is_prompt() else type(last)

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


def _is_prompt() -> bool:
    """Whether Python goes on after an exception: prompts and notebooks."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


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
