"""Writes ``config.yaml``: plain values as YAML that any YAML 1.1 or 1.2 parser reads back as the same values.

Writes only, block style for mappings and lists that hold something, and must never guess: whatever could be read as
something other than the text it is, is quoted.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Mapping

INDENT = "    "
# Plain (unquoted) only what no YAML version takes for a number, a date, a boolean, null or syntax.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*\Z")
# What JSON escapes in the way that YAML reads back: all but what `_escaped` is about.
_AS_JSON = re.compile("[\x00-\x7e\x80-\ud7ff\ue000-\uffff]*\\Z")
_LONGEST_INT = 13000  # bits: Python refuses to write decimal numbers of more than 4300 digits
_RESERVED = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def dump(mapping: Mapping[str, Any]) -> str:
    """A mapping as YAML text that ends with a newline; keys sorted, floats and integers kept apart."""
    if not mapping:
        return "{}\n"
    lines: list[str] = []
    _mapping(mapping, "", lines)
    return "\n".join(lines) + "\n"


def _mapping(mapping: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key in sorted(mapping, key=str):
        _value(indent + _key(key), mapping[key], indent, lines)


def _key(key: Any) -> str:
    text = _text(str(key))
    # An implicit key may have at most 1024 characters on its line.
    return text + ":" if len(text) <= 1000 else "? " + text + "\n" + ":"


def _value(head: str, value: Any, indent: str, lines: list[str]) -> None:
    head = head.replace("\n", "\n" + indent)
    if isinstance(value, Mapping) and value:
        lines.append(head)
        _mapping(value, indent + INDENT, lines)
    elif isinstance(value, (list, tuple)) and value:
        lines.append(head)
        _list(value, indent + INDENT, lines)
    else:
        lines.append(head + " " + _scalar(value))


def _list(values: Any, indent: str, lines: list[str]) -> None:
    for value in values:
        _value(indent + "-", value, indent, lines)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value) if value.bit_length() < _LONGEST_INT else hex(value)
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    return _text(str(value))


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    if "e" in text:
        # YAML 1.1 wants a point in the mantissa and a sign in the exponent: "1e22" would be text.
        mantissa, exponent = text.split("e")
        mantissa = mantissa if "." in mantissa else mantissa + ".0"
        text = f"{mantissa}e{exponent if exponent[0] in '+-' else '+' + exponent}"
    return text


def _text(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _RESERVED:
        return text
    # JSON strings are YAML double-quoted scalars, apart from characters beyond the BMP: those escapes YAML reads as two
    # broken halves, so they are written with YAML's own eight-digit escape.
    if _AS_JSON.match(text):
        return json.dumps(text)
    return "".join(['"', *map(_escaped, text), '"'])


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code < 0xE000:  # half a surrogate pair is no character: YAML cannot carry it
        return "\\uFFFD"
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return json.dumps(char)[1:-1] if code != 0x7F else "\\x7f"
