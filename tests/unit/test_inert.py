"""Foreign text does nothing where it is shown."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from runferry.inert import inert


def test_what_acts_is_shown_as_an_escape() -> None:
    assert inert("a\x1b]0;title\x07b\rc\nd") == "a\\x1b]0;title\\x07b\\rc\\nd"
    assert inert("\u202egnp.exe \x9b31m \udcff") == "\\u202egnp.exe \\x9b31m \\xff"


def test_every_language_stays_readable() -> None:
    for text in ("café", "日本語", "שלום", "می‌خواهم", "👩‍💻", "a b", "é"):
        assert inert(text) == text


def test_a_long_text_is_cut() -> None:
    assert inert("x" * 100, 10) == "x" * 9 + "…"


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_active_is_left(text: str) -> None:
    shown = inert(text)
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    shown.encode("utf-8")
