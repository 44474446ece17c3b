"""Terminal text taken apart into pieces with a style. Colours stay numbers: what they look like is another's business.

Understood are colours (16, 256, 24 bit), bold, faint, italic, underlined, struck out, inverse. All other escape
sequences and control characters are dropped. Of a line that was overwritten (carriage return) the last state is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

Colour = int | tuple[int, int, int]
"""A number of the 256-colour palette (the first 16 follow the surroundings), or red, green, blue."""


@dataclass(frozen=True)
class Style:
    """How a piece of text is shown; None: the colour of the surroundings."""

    ink: Colour | None = None
    paper: Colour | None = None
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    inverse: bool = False


PLAIN = Style()
Piece = tuple[str, Style]

_ESCAPES = re.compile(
    r"\x1b\[(?P<codes>[\d;:]*)m"  # colours and the like
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # other sequences: cursor, erase, modes
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # titles, links
    r"|\x1b\[[0-?]*[ -/]*$"  # cut off by the end of the line
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f\x80-\x9f\u2028\u2029]"
)
_ODD = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"faint": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"inverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "faint": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
    29: {"strike": False},
}


def pieces(line: str, style: Style = PLAIN) -> tuple[list[Piece], Style]:
    """The pieces of one line that begins in `style`, and the style in which the next line begins."""
    if not _ODD.search(line):
        return ([(line, style)] if line else []), style
    found: list[Piece] = []
    at = 0
    line = _last_state(line)
    for match in _ESCAPES.finditer(line):
        _add(found, line[at : match.start()], style)
        at = match.end()
        codes = match["codes"]
        if codes is not None:
            style = restyled(style, codes)
    _add(found, line[at:], style)
    return found, style


def _last_state(line: str) -> str:
    if "\r" not in line:
        return line
    return next((one for one in reversed(line.split("\r")) if one), "")


def _add(found: list[Piece], text: str, style: Style) -> None:
    if not text:
        return
    if found and found[-1][1] == style:
        text = found.pop()[0] + text
    found.append((text, style))


def restyled(style: Style, codes: str) -> Style:
    """The style after a sequence such as ``1;38;5;208``; what is not known changes nothing."""
    numbers = _numbers(codes)
    for code in numbers:
        if code == 0:
            style = PLAIN
        elif code in _SWITCHES:
            style = replace(style, **_SWITCHES[code])
        elif code in (38, 48):
            colour = _extended(numbers)
            if colour is not None:
                style = replace(style, ink=colour) if code == 38 else replace(style, paper=colour)
        else:
            style = _coloured(style, code)
    return style


def _numbers(codes: str) -> Iterator[int]:
    """Colons separate like semicolons, but for the empty place of a colour space in ``38:2::1:2:3``."""
    plain = re.sub(r"([34]8:2):\d*:(\d+:\d+:\d+)", r"\1:\2", codes)
    return iter([int(one[:4] or 0) for one in re.split("[;:]", plain)])


def _extended(numbers: Iterator[int]) -> Colour | None:
    kind = next(numbers, None)
    if kind == 5:
        number = next(numbers, None)
        return number if number is not None and number < 256 else None
    if kind == 2:
        parts = [one for one, _ in zip(numbers, range(3), strict=False)]
        return (parts[0], parts[1], parts[2]) if len(parts) == 3 and max(parts) < 256 else None
    return None


def _coloured(style: Style, code: int) -> Style:
    for first, shift, paper in ((30, 0, False), (40, 0, True), (90, 8, False), (100, 8, True)):
        if first <= code < first + 8:
            colour = code - first + shift
            return replace(style, paper=colour) if paper else replace(style, ink=colour)
    if code == 39:
        return replace(style, ink=None)
    return replace(style, paper=None) if code == 49 else style
