"""Strings that people read, ready for translation: Qt's catalogue is asked, English stands in the code."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from runferry.inert import inert

CONTEXT = "runferry"


def tr(text: str, /, **values: object) -> str:
    """The text in the person's language, with `{name}` replaced by the values given."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found.format(**values) if values else found


def plural(number: int, one: str, many: str) -> str:
    """`1 run`, `1,200 runs`: both texts hold `{n}`."""
    return tr(one if number == 1 else many, n=f"{number:,}")


def shown(text: str) -> str:
    """A text as the window shows it: lines stay lines, and whatever else could act (marks of direction, controls) is an
    escape. What a label, a tooltip, a cell or a menu shows goes through here, as names come from anywhere."""
    return _JOINTS.sub(lambda piece: inert(piece[0]), text)


def breakable(text: str) -> str:
    """The same for a label that wraps: long words (paths, addresses) may break at their joints, or anywhere in need."""
    return _LONG.sub(lambda word: _PIECE.sub("\\1\u200b", word[0]), text)


def unbroken(text: str) -> str:
    """What a person copies of such a text."""
    return text.replace("\u200b", "")


_JOINTS = re.compile("[^\n\u200b]+")  # what stands between line breaks and the marks of `breakable`
_LONG = re.compile(r"\S{25,}")
_PIECE = re.compile(r"(\S{4,20}[/\\.,:;_?&=-](?=\S)|\S{24}(?=\S))")
