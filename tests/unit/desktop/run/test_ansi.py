"""Terminal text as pieces with a style."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.desktop.run.ansi import PLAIN, Style, pieces

E = "\x1b["


def test_plain_text_is_one_piece() -> None:
    assert pieces("loss 0.1") == ([("loss 0.1", PLAIN)], PLAIN)
    assert pieces("") == ([], PLAIN)
    assert pieces("a\tb") == ([("a\tb", PLAIN)], PLAIN)


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("31", Style(ink=1)),
        ("97", Style(ink=15)),
        ("44", Style(paper=4)),
        ("102", Style(paper=10)),
        ("38;5;208", Style(ink=208)),
        ("48;5;17", Style(paper=17)),
        ("38;2;1;2;255", Style(ink=(1, 2, 255))),
        ("48:2::9:8:7", Style(paper=(9, 8, 7))),
        ("38:5:42", Style(ink=42)),
        ("1;3;4;9;7", Style(bold=True, italic=True, underline=True, strike=True, inverse=True)),
        ("2", Style(faint=True)),
        ("1;31;0", PLAIN),
        ("1;31;", PLAIN),
        ("1;22;3;23;4;24;7;27;9;29;31;39;41;49", PLAIN),
        ("38;5;999", PLAIN),
        ("38;2;1;2", PLAIN),
        ("38", PLAIN),
        ("73;1", Style(bold=True)),
        ("9" * 5000, PLAIN),
    ],
)
def test_styles(codes: str, style: Style) -> None:
    assert pieces(f"{E}{codes}mtext") == ([("text", style)], style)


def test_a_style_lasts_to_the_next_line() -> None:
    found, style = pieces(f"a{E}31mb")
    assert found == [("a", PLAIN), ("b", Style(ink=1))]
    assert pieces(f"c{E}md", style) == ([("c", Style(ink=1)), ("d", PLAIN)], PLAIN)


@pytest.mark.parametrize(
    "line",
    [
        f"{E}2Kdone",
        f"{E}1A{E}?25ldone",
        "\x1b]0;a title\x07done",
        "\x1b]8;;http://x\x1b\\done\x1b]8;;\x1b\\",
        "\x1b(Bdone",
        "\x1b7done\x1b8",
        f"done{E}3",
        "done\x1b",
        "do\x00n\x07e\x08",
        "10%\r50%\rdone",
        "50%\rdone\r",
        "do\u2028ne",
    ],
)
def test_everything_else_is_dropped(line: str) -> None:
    assert pieces(line) == ([("done", PLAIN)], PLAIN)


@given(st.text(alphabet=st.sampled_from("ab\x1b[]0123;:m?\r\x07\\\n\x9b ("), max_size=60))
def test_nothing_breaks_it_and_no_control_character_is_left(line: str) -> None:
    found, _ = pieces(line)
    text = "".join(one for one, _ in found)
    assert not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in text)
    assert all(one for one, _ in found)
