"""What the recorder itself says in the training's terminal: one line at a time, on the real stderr.

Must never raise (the terminal may be closed, or unable to show a character) and never wait.
"""

from __future__ import annotations

import sys


def say(message: str, warning: bool = False) -> None:
    """Print one line of ours, past the console recording."""
    stream = sys.stderr
    if stream is None:  # pythonw has none
        return
    line = f"runferry: {'warning: ' if warning else ''}{message}\n"
    # `recorded_write` is what the console recording put aside: the stream's own method.
    write = getattr(stream, "runferry_original_write", None) or stream.write
    try:
        try:
            write(line)
        except UnicodeEncodeError:
            write(line.encode("ascii", "backslashreplace").decode("ascii"))
        stream.flush()
    except Exception:  # noqa: BLE001 - a terminal that cannot be written to is no reason to disturb a training
        return
