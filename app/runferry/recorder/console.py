"""Takes down what the training prints: each write to stdout and stderr becomes a record, after it was printed.

Only the streams' `write` is replaced, on the very objects that `sys.stdout` and `sys.stderr` are: isatty, fileno,
encoding, buffer and wrappers on top of them (before or after) stay what they are. Works on notebooks' streams alike.
It must never make a print fail, and must be gone after `stop`.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable

Sink = Callable[[bool, str, int], None]
"""Called with (is stderr, text, microseconds since the epoch) after each write."""

_ORIGINAL = "runferry_original_write"


class _Tap:
    """The replaced `write` of one stream."""

    def __init__(self, stream: Any, is_stderr: bool, sink: Sink) -> None:
        self.stream = stream
        self.is_stderr = is_stderr
        self._sink: Sink | None = sink
        self._original = stream.write
        self._owner_pid = os.getpid()

    def start(self) -> bool:
        """Put ourselves in place; False where the object does not allow it."""
        try:
            self.stream.write = self.write
            setattr(self.stream, _ORIGINAL, self._original)
        except (AttributeError, TypeError):
            return False
        return True

    def write(self, text: Any) -> Any:
        """Print first; then record, whatever happens there."""
        written = self._original(text)
        sink = self._sink
        if sink is not None and text:
            try:
                sink(self.is_stderr, text if isinstance(text, str) else str(text), time.time_ns() // 1000)
            except Exception:  # noqa: BLE001 - a print must not fail for us
                self._sink = None
        return written

    def stop(self) -> None:
        """Pass everything through from now on, and step out where nobody stands on top of us."""
        self._sink = None
        try:
            if vars(self.stream).get("write") == self.write:
                # What we put on the object goes; its class' own method shows again, or an earlier replacement.
                del self.stream.write
                if self.stream.write != self._original:
                    self.stream.write = self._original
            if getattr(self.stream, _ORIGINAL, None) == self._original:
                delattr(self.stream, _ORIGINAL)
        except (AttributeError, TypeError):
            return


class Console:
    """Records stdout and stderr between `start` and `stop`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._taps: list[_Tap] = []

    def start(self) -> bool:
        """Begin; False when a stream cannot be recorded."""
        done = True
        for stream, is_stderr in ((sys.stdout, False), (sys.stderr, True)):
            if stream is None:  # pythonw
                continue
            tap = _Tap(stream, is_stderr, self._sink)
            if tap.start():
                self._taps.append(tap)
            else:
                done = False
        return done

    def stop(self) -> None:
        """End; the last one in steps out first."""
        while self._taps:
            self._taps.pop().stop()


class OutputFile:
    """``files/output.log``: the raw text of both streams, written in larger pieces.

    The transaction log has every chunk at once; this copy is for reading in the folder, and may be a second late.
    """

    HOLD = 1_000_000  # microseconds
    HOLD_CHARACTERS = 16384

    def __init__(self, path: str) -> None:
        self._path = path
        self._held: list[str] = []
        self._size = 0
        self._due = 0

    def add(self, text: str, now: int) -> None:
        """Keep `text`, and write what is held when it is time. Raises OSError."""
        self._held.append(text)
        self._size += len(text)
        if now >= self._due or self._size > self.HOLD_CHARACTERS:
            self.flush()
            self._due = now + self.HOLD

    def flush(self) -> None:
        """Write what is held. Raises OSError; then it is lost here, not in the log."""
        held, self._held, self._size = self._held, [], 0
        if held:
            with open(self._path, "a", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write("".join(held))
