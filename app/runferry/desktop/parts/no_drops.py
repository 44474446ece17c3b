"""Fields that let dropped files through to the window: a path as text in a search field syncs nothing."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QTextEdit, QWidget


def let_drops_through(widget: QWidget) -> None:
    """For all fields in it, and itself."""
    for kind in (QLineEdit, QPlainTextEdit, QTextEdit):
        for one in (widget, *widget.findChildren(kind)):
            if isinstance(one, kind):
                one.setAcceptDrops(False)
