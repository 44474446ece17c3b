"""Log files of the application: rotating, private, without secrets; and a crash log.

Masking is done where text is made, after formatting, so that it covers arguments and tracebacks too. A log that
cannot be written (a full disk) is lost silently: logging must never be what ends a sync.
"""

from __future__ import annotations

import base64
import contextlib
import faulthandler
import logging
import logging.handlers
import os
import re
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from runferry.errors import AppError, NeedsUser
from runferry.inert import inert
from runferry.paths import Home

MAX_BYTES = 5 * 1024 * 1024
KEPT = 3
MASK = "***"
FORMAT = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"

_PATTERNS = (
    re.compile(r"(?i)(\b(?:basic|bearer)\s+)[\w.+/=~-]{8,}"),
    re.compile(r"(?i)(\b\w*(?:api_?key|password|secret|token)\b[\"']?\s*[=:]\s*[\"']?)(?!\*\*\*)[^\s\"',;&}]{8,}"),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
)


class Secrets:
    """Texts that never reach a log. Learned where a key is found; shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()

    def learn(self, secret: str) -> None:
        """Mask this text from now on, also as it stands in a Basic header; what is short could be any word."""
        if len(secret) < 8:
            return
        forms = (secret, base64.b64encode(f"api:{secret}".encode()).decode())
        with self._lock:
            self._known = tuple(dict.fromkeys((*self._known, *forms)))

    def mask(self, text: str) -> str:
        """The text without known secrets, authorization headers, and what is called a key or a password."""
        for known in self._known:
            text = text.replace(known, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{MASK}", text)
        return text


secrets = Secrets()
"""Those of this process."""


class MaskingFormatter(logging.Formatter):
    """Formats, makes inert and masks; a filter would see neither arguments in place nor the traceback.

    A record is one line, whatever a name in it holds; the lines of its traceback stand below it, each behind a mark, so
    that none can pass for a record.
    """

    def __init__(self, known: Secrets) -> None:
        super().__init__(FORMAT)
        self._known = known

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback if there is one. What other formatters have kept in the record is not taken."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [inert(self.formatMessage(record))]
        if record.exc_info:
            lines.append(_behind_marks(self.formatException(record.exc_info)))
        if record.stack_info:
            lines.append(_behind_marks(self.formatStack(record.stack_info)))
        if below := getattr(record, "below", ""):  # given as `extra`: more lines than one
            lines.append(_behind_marks(str(below)))
        return self._known.mask("\n".join(lines))


def _behind_marks(text: str) -> str:
    return "\n".join(f"  | {inert(line)}" for line in text.split("\n"))


class _QuietFile(logging.handlers.RotatingFileHandler):
    """A rotating file, readable by its owner only, that never complains on stderr."""

    def _open(self) -> IO[str]:  # type: ignore[override]
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=_private)

    def handleError(self, record: logging.LogRecord) -> None:
        """A disk that is full or gone costs the line."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@dataclass
class Logging:
    """What `setup` installed; `close` takes it away again."""

    problem: AppError | None = None
    file: Path | None = None
    _handlers: list[logging.Handler] = field(default_factory=list)
    _levels: dict[str, int] = field(default_factory=dict)
    _crash_file: IO[str] | None = None
    _hooks: bool = False
    _excepthook: object = None
    _threadhook: object = None

    def set_level(self, level: str) -> None:
        """How much of ours is written: ``debug``, ``info``, ``warning`` or ``error``."""
        logging.getLogger("runferry").setLevel(level.upper())

    def close(self) -> None:
        """Undo everything and close the files."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            with contextlib.suppress(OSError, ValueError):  # what is still buffered may not fit on the disk
                handler.close()
        self._handlers.clear()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        if self._crash_file is not None:
            faulthandler.disable()
            self._crash_file.close()
            self._crash_file = None
        if self._hooks:
            sys.excepthook, threading.excepthook = self._excepthook, self._threadhook  # type: ignore[assignment]
            self._hooks = False


def setup(
    home: Home, level: str = "info", *, name: str = "runferry", stderr: bool = False, known: Secrets = secrets
) -> Logging:
    """Log into ``home.logs/NAME.log``, and to stderr where asked; crashes go to ``NAME-crash.log``.

    name: one per process, as two must not rotate one file. Where no file can be made, `problem` says so, and
    everything goes to stderr.
    """
    made = Logging()
    try:
        home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        made.file = home.logs / f"{name}.log"
        made._handlers.append(_QuietFile(made.file, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8"))
        made._crash_file = _open_crash_log(home.logs / f"{name}-crash.log")
    except OSError as error:
        made.file, stderr = None, True
        made.problem = NeedsUser(
            "no-log-file",
            "No log can be written",
            f"{home.logs}: {error.strerror or error}.",
            "Make the folder writable for you.",
            error,
        )
    if stderr:
        made._handlers.append(logging.StreamHandler())
    root = logging.getLogger()
    made._levels = {"": root.level, "runferry": logging.getLogger("runferry").level}
    root.setLevel(logging.WARNING)  # libraries; ours follows the setting
    made.set_level(level)
    for handler in made._handlers:
        handler.setFormatter(MaskingFormatter(known))
        root.addHandler(handler)
    _install_hooks(made)
    return made


def _open_crash_log(path: Path) -> IO[str]:
    """The file into which the interpreter writes all stacks when it dies of a signal."""
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))
    file = open(path, "a", encoding="utf-8", opener=_private)  # noqa: SIM115 - open as long as the process
    faulthandler.enable(file)
    return file


def _install_hooks(made: Logging) -> None:
    """Exceptions that nobody caught are logged, and then shown as before."""
    before, before_thread = sys.excepthook, threading.excepthook
    log = logging.getLogger("runferry.crash")

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            with contextlib.suppress(Exception):
                log.critical("uncaught exception", exc_info=(kind, error, trace))
        before(kind, error, trace)

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread else "?"
            with contextlib.suppress(Exception):
                log.critical(
                    "uncaught exception in %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
                )
        before_thread(args)

    made._excepthook, made._threadhook, made._hooks = before, before_thread, True
    sys.excepthook, threading.excepthook = crashed, thread_crashed
