"""Runs a command line, and says what happens when a command fails. Each command is a file beside this one."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from runferry import leaving
from runferry.cli.output import finish, set_up, show_traceback, tell_json, warn
from runferry.cli.parser import ANSWERS, COMMANDS, build_parser, module_of
from runferry.errors import AppError, UsageError

TWICE = 1.0  # seconds within which a second signal is the first one again
_ended_at = float("-inf")


def run(arguments: Sequence[str]) -> int:
    """Run a command line; gives the exit code: 0 good, 1 failed, 2 wrong use, 130 interrupted."""
    set_up()
    try:
        wanted = next((one for one in arguments if one in COMMANDS), "")
        parser = build_parser((wanted,))  # the others' files are not even loaded: a command starts fast
        parsed, late = parser.parse_known_args(arguments)
        _take_late(parser, parsed, late)
        set_up(quiet=getattr(parsed, "quiet", False))
        code = _guarded(module_of(parsed.command or "app").main, parsed)
    except SystemExit as ended:  # the parser has said its help, or what is wrong
        raise SystemExit(finish(int(ended.code or 0), is_answer=True)) from None
    except BaseException:
        finish(1)
        raise
    return finish(code, is_answer=parsed.command in ANSWERS)


def _take_late(parser: argparse.ArgumentParser, parsed: argparse.Namespace, late: list[str]) -> None:
    """Paths behind options (``sync A --server local B``) count too; argparse alone does not take them."""
    for name in ("paths", "folders"):
        if hasattr(parsed, name) and not any(one.startswith("-") for one in late):
            getattr(parsed, name).extend(late)
            return
    if late:
        parser.error(f"unrecognized arguments: {' '.join(late)}")


def _guarded(main: Callable[[argparse.Namespace], int], parsed: argparse.Namespace) -> int:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell's `&` has it ignored
            signal.signal(signal.SIGINT, _terminate)
    try:
        return int(main(parsed))
    except AppError as error:
        if getattr(parsed, "json", False):
            tell_json({"error": error.as_dict()})
        warn(*error.lines())
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        warn("Interrupted. What was delivered is recorded; the rest goes on next time.")
        return 130
    except ModuleNotFoundError:  # an extra is missing: told by whoever called
        raise
    except Exception as error:  # noqa: BLE001 - nothing of a stranger's text may reach the terminal by a traceback
        show_traceback(error)
        warn("Something is wrong inside Runferry", "  It is a mistake of ours.", "  What to do: please report it.")
        return 1


def _terminate(number: int, frame: FrameType | None) -> None:
    """End in order. `timeout` and process groups send a signal twice: the second one must not break off the ending,
    which has a time limit of its own."""
    global _ended_at
    now = time.monotonic()
    if leaving.is_begun() or now - _ended_at < TWICE:
        return
    _ended_at = now
    raise KeyboardInterrupt
