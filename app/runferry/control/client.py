"""The side of a command that reaches the owner. Everything runs on the caller's thread."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from runferry.control import door
from runferry.control.messages import (
    MAX_ANSWER,
    MAX_REQUEST,
    BadMessage,
    Gone,
    Request,
    caller_environ,
    encode_request,
    receive,
    send,
)
from runferry.errors import TemporaryError, UsageError
from runferry.paths import Home


@dataclass(frozen=True)
class Answer:
    """How a command ended. `error`: the parts of an AppError, or None."""

    code: int
    data: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, str] | None = None


class ControlClient:
    """One connection, good for one request. Make it with `connect`; use it in ``with``, or call `close`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def connect(cls, home: Home, timeout: float = 3.0) -> ControlClient | None:
        """Reach the owner, or None where nobody listens; TemporaryError where it is silent for `timeout` seconds."""
        address = door.find(home)
        if address is None:
            return None
        try:
            return cls(door.knock(address, timeout))
        except TimeoutError as error:
            raise _silent(timeout, error) from error
        except (OSError, EOFError, AuthenticationError, AssertionError, ValueError):
            return None  # the file is left from an owner that was killed, or a new owner is just starting

    def request(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: Callable[[dict[str, Any]], object] | None = None,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
        patience: float | None = None,
    ) -> Answer:
        """Send a command with the working directory and the W&B variables of this process; wait for its end.

        patience: seconds without a word after which it is given up (TemporaryError); None: however long it takes.
        UsageError where it is too long to be sent, TemporaryError where the owner goes away before the last word.
        An exception from `on_progress`, or Ctrl-C, leaves this; `close` then cancels the command.
        """
        asked = Request(
            command,
            dict(arguments or {}),
            str(cwd or Path.cwd()),
            caller_environ(os.environ if environ is None else environ),
        )
        message = encode_request(asked)
        if len(json.dumps(message)) > MAX_REQUEST:
            raise UsageError(
                "request-too-long", "Too much at once", f"'{command}' names too many things.", "Name fewer of them."
            )
        try:
            send(self._connection, message)
            while True:
                if patience is not None and not self._connection.poll(patience):
                    raise _silent(patience)
                told = receive(self._connection, MAX_ANSWER)
                if told.get("type") == "done":
                    return Answer(int(told.get("code", 1)), told.get("data") or {}, told.get("error"))
                if told.get("type") == "progress" and on_progress is not None:
                    on_progress(told.get("data") or {})
        except (Gone, BadMessage, ValueError, TypeError) as error:
            raise TemporaryError(
                "owner-gone",
                "The running Runferry went away",
                f"It ended, or was stopped, before it answered '{command}'.",
                "Try again. What it had delivered is recorded; nothing is sent twice.",
                error,
            ) from error

    def cancel(self) -> None:
        """Ask for the end of the command that runs; `request`, on another thread, still gets the last word."""
        with contextlib.suppress(Gone):
            send(self._connection, {"type": "cancel"})

    def close(self) -> None:
        """Hang up; a command that still runs is cancelled by that."""
        with contextlib.suppress(OSError):
            self._connection.close()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _silent(seconds: float, cause: Exception | None = None) -> TemporaryError:
    return TemporaryError(
        "owner-silent",
        "The running Runferry does not answer",
        f"It took the call, and then said nothing for {seconds:g} seconds.",
        "Wait a moment and try again; if it stays so, end that process and start it again.",
        cause,
    )
