"""Digits of one width, so that numbers that change do not tremble."""

from __future__ import annotations

from PySide6.QtGui import QFont


def tabular(font: QFont) -> QFont:
    """The same font with tabular figures, where it has them."""
    found = QFont(font)
    if hasattr(found, "setFeature"):  # since Qt 6.7
        found.setFeature(QFont.Tag("tnum"), 1)
    return found
