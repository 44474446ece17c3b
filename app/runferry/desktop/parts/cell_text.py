"""How the cells of tables and lists write what they hold."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QStyledItemDelegate

from runferry.inert import inert


class InertDelegate(QStyledItemDelegate):
    """Base of all delegates that leave the writing to the style: names may hold line breaks and marks of direction."""

    def displayText(self, value: Any, locale: QLocale | QLocale.Language) -> str:
        """What a cell shows."""
        return super().displayText(inert(value) if isinstance(value, str) else value, locale)
