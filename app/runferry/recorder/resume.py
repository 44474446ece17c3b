"""Resuming from local folders: which run goes on, and after which step.

Reads the tail of earlier logs of the same run id, block by block from the end; each block begins with a chunk, so no
log has to be read from its start. Read only. Damage or another format gives "not known", never an error.
"""

from __future__ import annotations

import json
import os
import re
import struct
import zlib
from typing import Iterator, NamedTuple

from runferry.wire.framing import BLOCK, FILE_HEADER, FIRST, FULL, HEADER, LAST, MIDDLE

AUTO_FILE = "wandb-resume.json"
_FOLDER = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-.")
_LONGEST_RECORD = 64 << 20


class Earlier(NamedTuple):
    """The end of what was recorded before: last step and last runtime (seconds), None where no row was found."""

    last_step: int | None
    runtime: float | None


def logs_of(parent: str, run_id: str) -> list[str]:
    """Logs of earlier folders of this run id in a wandb directory, oldest first."""
    try:
        names = [(found.group(1), name) for name in os.listdir(parent) for found in [_FOLDER.match(name)] if found]
    except OSError:
        return []
    logs = [
        os.path.join(parent, name, f"run-{run_id}.wandb") for _, name in sorted(names) if name.endswith("-" + run_id)
    ]
    return [log for log in logs if os.path.isfile(log)]


def look_back(logs: list[str]) -> Earlier:
    """The furthest step in these logs, and the runtime there."""
    found = Earlier(None, None)
    for log in logs:
        one = last_row(log)
        if one.last_step is not None and (found.last_step is None or one.last_step >= found.last_step):
            found = one
    return found


def last_row(log: str) -> Earlier:
    """Step and runtime of the last whole history record of a log."""
    try:
        with open(log, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            rest: list[tuple[int, bytes]] = []
            for start in range((size - 1) // BLOCK * BLOCK, -1, -BLOCK):
                file.seek(start)
                rest = _chunks(file.read(BLOCK), start == 0) + rest
                if sum(len(payload) for _, payload in rest) > _LONGEST_RECORD:
                    break
                for record in reversed(list(_records(rest))):
                    row = _row(record)
                    if row is not None:
                        return row
                # Kept: the end of a record whose beginning stands in an earlier block.
                rest = _head(rest)
    except OSError:
        pass  # gone, or not ours to read: nothing is known
    return Earlier(None, None)


def _chunks(block: bytes, is_first: bool) -> list[tuple[int, bytes]]:
    """Good chunks of one block, up to the first bad one."""
    found = []
    at = len(FILE_HEADER) if is_first else 0
    while at + HEADER <= len(block):
        crc, size, kind = struct.unpack_from("<IHB", block, at)
        end = at + HEADER + size
        if end > len(block) or not FULL <= kind <= LAST or zlib.crc32(block[at + 6 : end]) != crc:
            break
        found.append((kind, block[at + HEADER : end]))
        at = end
    return found


def _records(chunks: list[tuple[int, bytes]]) -> Iterator[bytes]:
    parts: list[bytes] = []
    for kind, payload in chunks:
        if kind == FULL:
            parts = []
            yield payload
        elif kind == FIRST:
            parts = [payload]
        elif parts:
            parts.append(payload)
            if kind == LAST:
                yield b"".join(parts)
                parts = []


def _head(chunks: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    head = []
    for kind, payload in chunks:
        if kind not in (MIDDLE, LAST):
            break
        head.append((kind, payload))
        if kind == LAST:
            break
    return head


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Fields of a message: number and payload; numbers as their varint's bytes. Raises IndexError when cut off."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wire = tag & 7
        if wire == 0:
            start = at
            _, at = _varint(message, at)
            yield tag >> 3, message[start:at]
        elif wire == 2:
            size, at = _varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            at += 8 if wire == 1 else 4


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def _row(record: bytes) -> Earlier | None:
    """Step and runtime when `record` is a history record."""
    try:
        history = next((payload for number, payload in _fields(record) if number == 2), None)
        if history is None or record[:1] == b"" or not isinstance(history, bytes):
            return None
        step: int | None = None
        runtime: float | None = None
        for number, payload in _fields(history):
            if number == 2:
                step = next((_varint(one, 0)[0] for field, one in _fields(payload) if field == 1), 0)
            elif number == 1:
                item = list(_fields(payload))
                key = next((one for field, one in item if field in (1, 2)), b"")
                value = next((one for field, one in item if field == 16), b"")
                if key == b"_runtime":
                    runtime = float(json.loads(value))
                elif key == b"_step" and step is None:
                    step = int(json.loads(value))
        return None if step is None else Earlier(step, runtime)
    except (IndexError, ValueError, TypeError):
        return None


def remembered_id(parent: str) -> str:
    """The id of the unfinished run that ``resume="auto"`` goes on with, or empty."""
    try:
        with open(os.path.join(parent, AUTO_FILE), encoding="utf-8") as file:
            return str(json.load(file).get("run_id") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def remember_id(parent: str, run_id: str) -> None:
    """Write W&B's note for ``resume="auto"``. Raises OSError."""
    with open(os.path.join(parent, AUTO_FILE), "w", encoding="utf-8") as file:
        json.dump({"run_id": run_id}, file)


def forget_id(parent: str, run_id: str) -> None:
    """Remove the note when it is about this run. Raises OSError."""
    if remembered_id(parent) == run_id:
        os.unlink(os.path.join(parent, AUTO_FILE))
