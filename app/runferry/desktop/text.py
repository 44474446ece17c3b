"""Strings that people read, ready for translation: Qt's catalogue is asked, English stands in the code."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

CONTEXT = "runferry"


def tr(text: str, /, **values: object) -> str:
    """The text in the person's language, with `{name}` replaced by the values given."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found.format(**values) if values else found


def plural(number: int, one: str, many: str) -> str:
    """`1 run`, `1,200 runs`: both texts hold `{n}`."""
    return tr(one if number == 1 else many, n=f"{number:,}")


def breakable(text: str) -> str:
    """The same for a label that wraps: long words (paths, addresses) may break at their joints, or anywhere in need."""
    return _LONG.sub(lambda word: _PIECE.sub("\\1\u200b", word[0]), text)


def unbroken(text: str) -> str:
    """What a person copies of such a text."""
    return text.replace("\u200b", "")


_LONG = re.compile(r"\S{25,}")
_PIECE = re.compile(r"(\S{4,20}[/\\.,:;_?&=-](?=\S)|\S{24}(?=\S))")
