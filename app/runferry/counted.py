"""Numbers with their words, for texts of the terminal and the engine; the window has `desktop.text.plural`."""

from __future__ import annotations


def count_of(number: float, what: str, several: str = "s") -> str:
    """A number with its word: 1 row, 2,000 rows. several: what the word ends with where there are more."""
    return f"{number:,.0f} {what}" if number == 1 else f"{number:,.0f} {what}{several}"
