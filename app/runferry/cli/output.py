"""The only place from which commands write to a terminal, a pipe or a file, and ask a person.

Every line goes through `inert` here, so that nobody has to remember it: a name with escape sequences or line breaks in
it can do nothing, and forge no line. What is meant as several lines is given as several. Nothing is raised for what
cannot be written: a character that the terminal's encoding lacks is shown as the nearest sign or as an escape; where
nobody takes the text (a full disk, a closed pipe or descriptor), the work goes on, and `finish` tells it at the end.

This module is imported before anything else is known to be installed: standard library only, Python 3.8.
"""

from __future__ import annotations

import codecs
import contextlib
import getpass
import json
import os
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, TextIO

from runferry.inert import inert

RESULTS, NOTES = "stdout", "stderr"

# What our own sentences use beyond ASCII, for terminals that have no more.
_NEAREST = {
    "✓": "+", "✗": "x", "…": "...", "–": "-", "—": "--", "→": "->", "↑": "^", "↻": "~", "‖": "=", "●": "*",
    "·": "-", "°": "", "’": "'", "“": '"', "”": '"',
}  # fmt: skip


class _Output:
    """What became of the two streams of this process. Any thread; a line is written as a whole."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.quiet = False
        self.lost: dict[str, str] = {}  # stream: why nobody takes it
        self.hooks: tuple[Any, Any] | None = None  # of whoever runs us

    def write(self, name: str, text: str) -> None:
        """Write and hand on at once: what a person waits for must not lie in a buffer."""
        with self.lock:
            if name in self.lost:
                return
            stream: TextIO | None = getattr(sys, name)
            if stream is None:  # the descriptor was closed when we were started
                self.lost[name] = "it is closed"
                return
            try:
                stream.write(text)
                stream.flush()
            except (OSError, ValueError) as error:
                self.lost[name] = "" if isinstance(error, BrokenPipeError) else str(getattr(error, "strerror", error))
                _forget(stream)


_output = _Output()


def set_up(quiet: bool = False) -> None:
    """Once per command, before anything is written. quiet: only what went wrong is said, and JSON."""
    _output.quiet, _output.lost = quiet, {}
    _occupy_descriptors()
    for name in (RESULTS, NOTES):
        stream = getattr(sys, name)
        with contextlib.suppress(AttributeError, OSError, ValueError):  # not a file, or a closed one
            stream.reconfigure(errors="runferry-nearest")
    if _output.hooks is None:
        _output.hooks = (sys.excepthook, threading.excepthook)
    sys.excepthook = _show_uncaught
    threading.excepthook = _show_uncaught_of_thread


def tell(*lines: object) -> None:
    """Lines of the result, on standard output."""
    if not _output.quiet:
        _write(RESULTS, lines)


def tell_json(value: Any) -> None:
    """One JSON text on a line of standard output: ASCII, so that every reader and every terminal can take it.

    Bytes of a path that are no UTF-8 become text as in ``\\xff``; what is no JSON number becomes text too.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False)
    if "\\ud" in text:
        text = json.dumps(_without_surrogates(json.loads(text)))
    _output.write(RESULTS, text.replace("\x7f", "\\u007f") + "\n")


def say(*lines: object) -> None:
    """Lines for people, on standard error: standard output stays clean for results."""
    if not _output.quiet:
        _write(NOTES, lines)


def warn(*lines: object) -> None:
    """Lines about what went wrong; said also where everything else is kept quiet."""
    _write(NOTES, lines)


def ask(question: str) -> str:
    """What a person answers, in one line; empty where the input is over."""
    _output.write(NOTES, f"{inert(question)} ")
    return "" if sys.stdin is None else sys.stdin.readline().strip()


def ask_secret(question: str) -> str:
    """The same without showing it."""
    plain = inert(question).encode("ascii", "backslashreplace").decode()  # the terminal is opened by `getpass` itself
    return getpass.getpass(f"{plain} ")


def is_asked() -> bool:
    """Whether somebody can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def read_line() -> str:
    """A line of standard input, without the end of the line."""
    return "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")


def finish(code: int, is_answer: bool = False) -> int:
    """Tell what could not be written; gives the exit code, which is the work's own.

    is_answer: the output is the whole of the work (`inspect`, `status`): without it nothing was done, and 0 becomes 1.
    """
    for name in (RESULTS, NOTES):  # what others wrote, like the help of argparse, may still be in the buffer
        if getattr(sys, name) is not None:
            _output.write(name, "")
    if _output.hooks is not None:
        (sys.excepthook, threading.excepthook), _output.hooks = _output.hooks, None
    why = _output.lost.get(RESULTS)
    if why:
        warn(f"Not all of the output could be written: {why}. What was asked for is done.")
    return 1 if why is not None and is_answer and code == 0 else code


def show_traceback(error: BaseException) -> None:
    """A bug, with what is needed to find it."""
    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip("\n").split("\n")
    warn(*(f"  | {line}" for line in lines))  # so that no line of a foreign text can pass for one of ours


class Forgiving:
    """A terminal for libraries that draw on it by themselves: what cannot be written is left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand it on if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _write(name: str, lines: tuple[object, ...]) -> None:
    _output.write(name, "".join(f"{inert(line)}\n" for line in lines))


def _forget(stream: TextIO) -> None:
    """Let what the interpreter still writes at its end go nowhere, instead of failing there with 120."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _occupy_descriptors() -> None:
    """Where 0, 1 or 2 was closed at the start, the next file would get its number, and what a library writes to
    "standard error" would stand in our database."""
    with contextlib.suppress(OSError):
        while True:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened > 2:
                os.close(opened)
                return


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, float) and value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "".join(inert(one) if "\ud800" <= one <= "\udfff" else one for one in value)
        return value
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    return [_without_surrogates(one) for one in value] if isinstance(value, list) else value


def _show_uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        show_traceback(error)


def _show_uncaught_of_thread(args: Any) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        warn(f"In the thread {args.thread.name if args.thread else '?'}:")
        show_traceback(args.exc_value)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    """The error handler of our streams."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    shown = (_NEAREST.get(one) or one.encode("ascii", "backslashreplace").decode() for one in missing)
    return "".join(shown), error.end


codecs.register_error("runferry-nearest", _nearest)
