"""Foreign text made inert: what a log, a server or a file name says, shown without doing anything.

A name can hold escape sequences that recolour, retitle or answer for a terminal, carriage returns that overwrite what
was said before, line feeds that forge a line of ours, marks that turn the reading direction, and bytes that are no
text. `inert` shows such characters as escapes and leaves every other one, of any language, as it is.

Standard library only: lowest layer.
"""

from __future__ import annotations

import re

# C0 and C1 controls and DEL; marks that change the direction (U+061C, U+200E, U+200F, U+202A-E, U+2066-9); invisible
# ones (zero-width space, word joiner and its row, byte order mark, soft hyphen, Mongolian vowel separator, interlinear
# marks); line and paragraph separators; tags; and lone surrogates, which stand for bytes that are no UTF-8. The
# zero-width joiners U+200C and U+200D stay: Persian and emoji need them.
_ACTIVE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def inert(text: object, most: int = 0) -> str:
    """A foreign text as it can be shown on one line: what would act is written as an escape (``\\x1b``, ``\\u202e``).

    Args:
        text: what is shown; what is no text is turned into one.
        most: the longest that is shown, in characters; 0: all of it. A cut is marked with ``…``.
    """
    raw = text if isinstance(text, str) else str(text)
    if most and len(raw) > most:
        raw = raw[: most - 1] + "…"
    return _ACTIVE.sub(_escape, raw)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python keeps it in paths
        return f"\\x{code - 0xDC00:02x}"
    if code in (0x09, 0x0A, 0x0D):
        return {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}[code]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
