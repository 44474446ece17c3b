"""W&B's extended JSON: compact, ASCII, with bare NaN and infinities, and no number that its readers reject.

Takes plain values only (None, bool, int, float, str, list, tuple, dict with text keys); what turns other objects into
these is the caller's business.
"""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST_INTEGER = 24
"""Digits and sign up to which an integer is written out; a double's text has at most as many characters.

Readers take a number apart as a double when it does not fit 64 bits, and refuse a whole row when that overflows: longer
integers become doubles, and beyond a double's range text.
"""

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=True, separators=(",", ":"), check_circular=False).encode
_GIANT = re.compile("[0-9]{24}")
_LOWEST = -(10 ** (LONGEST_INTEGER - 1))
_HIGHEST = 10**LONGEST_INTEGER
quoted = json.encoder.encode_basestring_ascii
"""A string as JSON text."""


def dumps(value: Any) -> str:
    """`value` as one line of JSON. Raises TypeError for what is not plain, RecursionError when nested too deep."""
    try:
        text: str = _encode(value)
    except ValueError:  # an integer of more digits than Python converts
        return str(_encode(_tame(value)))
    if len(text) >= LONGEST_INTEGER and _GIANT.search(text):
        return str(_encode(_tame(value)))
    return text


def _tame(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return _tame_integer(value)
    if isinstance(value, dict):
        return {key: _tame(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tame(one) for one in value]
    return value


def _tame_integer(value: int) -> Any:
    if _LOWEST < value < _HIGHEST:
        return value
    try:
        return float(value)
    except OverflowError:
        return hex(value)
