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
    """The same for a label that wraps: long words (paths, addresses) may break after each 24th letter."""
    return re.sub(r"(\S{24})(?=\S)", "\\1\u200b", text)
