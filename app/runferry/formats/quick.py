"""Shortcuts through the bytes of history and summary records, which are nearly all of a log.

A log of 100,000 rows by wandb-core holds three million items. Making an object of each costs more than everything else
together, so the usual form (short keys of one label, values under 128 bytes) is transformed with a few passes in C.
Each shortcut checks its result and gives None when anything is unusual; then the message classes are used.

What the checks rest on: no JSON text and no usual key contains the bytes 0x01 or 0x12, and no JSON text of W&B a line
break, so that tags cannot be mistaken; a row made from bytes that were cut wrongly is no JSON, or has another length.
"""

from __future__ import annotations

import re

from runferry.formats.items import VALUE_TAG

HISTORY, SUMMARY, OTHER = 0x12, 0x1A, 0
_ENDS = b"\xc2\x82"  # what may stand behind a body: `_info` or `control`

_begin_item = re.compile(b"\n.\x12.", re.DOTALL).sub
_begin_value = re.compile(b"\x82\x01.", re.DOTALL).sub


def body(payload: bytes) -> tuple[int, int, int]:
    """Where the history or summary of a record stands: offset, length, HISTORY or SUMMARY; else OTHER."""
    try:
        at = 0
        if payload[0] == 0x08:  # the number
            at = 2 if payload[1] < 128 else 3 if payload[2] < 128 else 4 if payload[3] < 128 else 5
        tag, size = payload[at], payload[at + 1]
        if tag not in (HISTORY, SUMMARY):
            return 0, 0, OTHER
        at += 2
        if size > 127:
            size = (size & 127) | payload[at] << 7
            at += 1
            if payload[at - 1] > 127:
                size = (size & 0x3FFF) | payload[at] << 14
                at += 1
                if payload[at - 1] > 127:
                    return 0, 0, OTHER
        end = at + size
        if end == len(payload) or (end < len(payload) and payload[end] in _ENDS):
            return at, size, tag
    except IndexError:
        pass
    return 0, 0, OTHER


def row(history: bytes) -> tuple[bytes, bytes] | None:
    """A history body as the text of a JSON object, not yet checked, and the bytes of its step field."""
    step_at = history.rfind(b"\x12", -13)
    while step_at > 0:
        step = history[step_at:]
        if len(step) > 3 and step[1] == len(step) - 2 and step[2] == 0x08:
            break
        step_at = history.rfind(b"\x12", -13, step_at)
    else:
        step_at, step = len(history), b""
    text = _begin_value(b'":', _begin_item(b',"', history[:step_at]))
    return (b"{" + text[1:] + b"}", step) if text[:2] == b',"' else None


def row_length(history: bytes, step: bytes, keys: int) -> int:
    """How long the text of `row` is when the body held that many items and nothing else."""
    return len(history) - len(step) - 3 * keys + 1


def step_of(step: bytes) -> int | None:
    """The number in a step field; None where there is none."""
    if not step:
        return None
    value = shift = 0
    for byte in step[3:]:
        value |= (byte & 0x7F) << shift
        shift += 7
    return value if value < 1 << 63 else value - (1 << 64)


def prefixes(bodies: bytes) -> list[bytes] | None:
    """The prefixes (see `items`) of all updates in joined summary bodies, each once, in the order of the log; None
    where there is anything else.

    The order matters: a file made from the log must be the same bytes each time, or it is uploaded again.
    """
    first, *middle = bodies.split(VALUE_TAG)
    if not middle:
        return None
    last = middle.pop()
    try:
        found = dict.fromkeys(piece[piece[0] + 3 :] for piece in middle)
        tags = {piece[piece[0] + 1] for piece in middle}
        if first[0] != 0x0A or not tags <= {0x0A} or len(last) != last[0] + 1:
            return None  # a removal, or a value of more than 127 bytes
    except IndexError:
        return None
    return list({first[2:]: None, **found})


def newest(bodies: bytes, prefix: bytes) -> tuple[int, bytes]:
    """Where a value was set last under a prefix, and the value; empty if it is not in the usual form."""
    wanted, end = prefix + VALUE_TAG, len(bodies)
    while (start := bodies.rfind(wanted, 0, end)) > 1:
        at = start + len(wanted)
        size = bodies[at]
        # The end of a nested key looks the same; an item's own beginning tells its length.
        if bodies[start - 2] == 0x0A and bodies[start - 1] == len(wanted) + 1 + size < 128:
            return at, bodies[at + 1 : at + 1 + size]
        end = start + len(wanted) - 1
    return 0, b""
