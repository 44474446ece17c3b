"""Texts for tooltips: Qt takes what looks like markup for markup, and names of runs may look like it."""

from __future__ import annotations

from html import escape


def plain(text: str) -> str:
    """A tooltip that shows the text as it is, line breaks kept."""
    return f"<span style='white-space:pre-wrap'>{escape(text)}</span>" if "<" in text or "&" in text else text
