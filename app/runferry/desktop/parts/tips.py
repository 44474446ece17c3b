"""Texts for tooltips: Qt takes what looks like markup for markup, and names of runs may look like it."""

from __future__ import annotations

from html import escape

from runferry.desktop.text import shown


def without_markup(text: str) -> str:
    """A text for what the desktop draws by itself: some read markup in it, and none says whether it does."""
    return shown(text).replace("<", "‹")


def plain(text: str) -> str:
    """A tooltip that shows the text as it is, line breaks kept."""
    text = shown(text)
    return f"<span style='white-space:pre-wrap'>{escape(text)}</span>" if "<" in text or "&" in text else text
