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
_quote = json.encoder.encode_basestring_ascii
# Escapes as the encoder writes them: a backslash, a pair of surrogates, half of one. In this order, so that a text that
# itself holds a backslash and "ud800" stays what it is.
_SURROGATES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}")
_HALF = 6  # characters of one escape


def quoted(value: str) -> str:
    """A string as JSON text. Half of a surrogate pair, which no UTF-8 text can hold, becomes U+FFFD."""
    text = _quote(value)
    return text if "\\ud" not in text else _whole(text)


def _whole(text: str) -> str:
    return _SURROGATES.sub(lambda found: "\\ufffd" if len(found[0]) == _HALF else found[0], text)


def dumps(value: Any) -> str:
    """`value` as one line of JSON. Raises TypeError for what is not plain, RecursionError when nested too deep."""
    try:
        text: str = _encode(value)
        if len(text) >= LONGEST_INTEGER and _GIANT.search(text):
            text = _encode(_tame(value))
    except ValueError:  # an integer of more digits than Python converts
        text = _encode(_tame(value))
    return text if "\\ud" not in text else _whole(text)


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
