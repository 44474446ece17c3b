"""The console: lines in, coloured text out, without losing the reader's place."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from runferry.desktop.run.ansi import Style
from runferry.desktop.run.console import Console, ConsoleLine
from runferry.desktop.run.console_colours import ConsoleColours, contrast, readable
from runferry.desktop.run.console_lines import ConsoleLines

E = "\x1b["
Make = Callable[..., Console]


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def shown(most: int = 10_000) -> Console:
        console = Console(most=most)
        qtbot.addWidget(console)
        console.resize(600, 300)
        with qtbot.waitExposed(console):
            console.show()
        return console

    return shown


def lines(*texts: str) -> list[ConsoleLine]:
    return [ConsoleLine(text) for text in texts]


def many(count: int, first: int = 0) -> list[ConsoleLine]:
    return lines(*(f"line {number}" for number in range(first, first + count)))


def text(console: Console, qtbot: QtBot) -> str:
    qtbot.waitUntil(lambda: console.settled)
    return console.view.toPlainText()


def ink(console: Console, word: str) -> QColor:
    cursor = console.view.document().find(word)
    return cursor.charFormat().foreground().color()


def test_lines_arrive_without_their_escapes(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append(lines("", f"{E}31mred{E}0m plain", "", "end"))
    console.append(lines("more"))
    assert text(console, qtbot) == "\nred plain\n\nend\nmore"


def test_colours_are_those_of_the_surroundings(make: Make, qtbot: QtBot, qapp: QApplication) -> None:
    console = make()
    console.append(lines(f"{E}31mred{E}0m plain {E}1mbold{E}0m {E}38;2;9;120;7mgreen"))
    text(console, qtbot)
    assert ink(console, "plain") == console.palette().color(QPalette.ColorRole.Text)
    assert console.view.document().find("bold").charFormat().fontWeight() == 700
    assert ink(console, "green") == QColor(9, 120, 7)
    light = ink(console, "red")
    kept = qapp.palette()
    try:
        qapp.setPalette(QPalette(QColor("#202326")))
        qtbot.waitUntil(lambda: console.settled and ink(console, "red") != light)
        assert ink(console, "plain") == console.palette().color(QPalette.ColorRole.Text)
    finally:
        qapp.setPalette(kept)


@pytest.mark.parametrize("ground", ["#ffffff", "#f4f5f6", "#1e1f22", "#2b2d30", "#000000"])
def test_every_colour_can_be_read(qapp: QApplication, ground: str) -> None:
    palette = QPalette(QColor(ground))
    palette.setColor(QPalette.ColorRole.Base, QColor(ground))
    colours = ConsoleColours(palette)
    for number in range(256):
        found = colours.format(Style(ink=number)).foreground().color()
        assert contrast(found, QColor(ground)) >= 3
        on_paper = colours.format(Style(paper=number))
        assert contrast(on_paper.foreground().color(), on_paper.background().color()) >= 4.5
    rng = random.Random(2)
    for _ in range(200):
        ink, paper = (QColor(*(rng.randrange(256) for _ in range(3))) for _ in range(2))
        assert contrast(readable(ink, paper), paper) >= 3
        if contrast(ink, paper) >= 3:
            assert readable(ink, paper) == ink


def test_a_progress_bar_is_rewritten_in_place(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append(lines("start", f"{E}32m10%"))
    assert text(console, qtbot) == "start\n10%"
    console.replace_from(1, lines(f"{E}32m20%", "next"))
    assert text(console, qtbot) == "start\n20%\nnext"
    green = ink(console, "20%")
    console.replace_from(2, lines("last"))  # begins in the colour that the line before left
    assert text(console, qtbot) == "start\n20%\nlast"
    assert ink(console, "last") == green
    console.replace_from(0, lines("anew"))
    assert text(console, qtbot) == "anew"
    console.replace_from(1, [])
    assert text(console, qtbot) == "anew"
    assert console.line_count == 1


def test_only_the_last_lines_are_kept(make: Make, qtbot: QtBot) -> None:
    console = make(most=50)
    console.append(many(30))
    console.append(many(400, 30))
    assert text(console, qtbot).split("\n") == [f"line {number}" for number in range(380, 430)]
    console.append(many(10, 430))
    assert text(console, qtbot).split("\n") == [f"line {number}" for number in range(390, 440)]
    console.replace_from(435, lines("x"))
    assert text(console, qtbot).split("\n") == [*(f"line {number}" for number in range(390, 435)), "x"]
    console.append(many(100, 500))  # more than there is room for, while the text shows the old ones
    assert text(console, qtbot).split("\n") == [f"line {number}" for number in range(550, 600)]


def test_it_follows_the_end_until_somebody_scrolls_up(make: Make, qtbot: QtBot) -> None:
    console = make()
    bar = console.view.verticalScrollBar()
    console.append(many(200))
    text(console, qtbot)
    assert console.view.at_end
    assert bar.maximum() > 0
    assert not console.view._jump.isVisible()
    bar.setValue(20)
    console.append(many(200, 200))
    text(console, qtbot)
    assert bar.value() == 20
    assert console.view._jump.isVisible()
    QTest.mouseClick(console.view._jump, Qt.MouseButton.LeftButton)
    assert console.view.at_end
    console.append(many(100, 400))
    text(console, qtbot)
    assert console.view.at_end
    assert not console.view._jump.isVisible()


def test_what_is_read_stays_while_old_lines_go(make: Make, qtbot: QtBot) -> None:
    console = make(most=200)
    console.append(many(200))
    text(console, qtbot)
    console.view.verticalScrollBar().setValue(100)

    def top() -> str:
        return console.view.firstVisibleBlock().text()

    seen = top()
    assert seen == "line 100"
    console.append(many(40, 200))
    text(console, qtbot)
    assert top() == seen
    console.times.setChecked(True)
    text(console, qtbot)
    assert top() == seen


def test_times_are_shown_where_they_are_known(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append(lines("none"))
    text(console, qtbot)
    assert not console.times.isVisible()
    console.append([ConsoleLine("timed", 1.79e9)])
    assert console.times.isVisible()
    console.times.setChecked(True)
    shown = text(console, qtbot)
    assert shown.startswith("none\n")
    assert shown.endswith(":20  timed")
    console.copy_all()
    assert QGuiApplication.clipboard().text() == "none\ntimed"


def test_nothing_is_drawn_while_it_is_hidden(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.hide()
    console.append(many(5))
    assert not console.view._pace.busy
    assert console.view.toPlainText() == ""
    console.show()
    assert text(console, qtbot).count("\n") == 4


def test_finding(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append([*many(100), *lines("🎉 Error one", "🎉 error (two)", "end")])
    text(console, qtbot)
    console.view.setFocus()
    QTest.keyClick(console.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert console.search.hasFocus()
    QTest.keyClicks(console.search, "error")
    assert console._found.text() == "2"
    QTest.keyClick(console.search, Qt.Key.Key_Return)
    assert console._found.text() == "1 of 2"
    assert console.view.textCursor().selectedText() == "Error"
    QTest.keyClick(console.search, Qt.Key.Key_Return)
    assert console._found.text() == "2 of 2"
    QTest.keyClick(console.search, Qt.Key.Key_Return)  # from the start again
    assert console._found.text() == "1 of 2"
    QTest.mouseClick(console._back, Qt.MouseButton.LeftButton)
    assert console._found.text() == "2 of 2"
    marked = [one.cursor.selectedText() for one in console.view.extraSelections()]
    assert marked == ["Error", "error"]
    console.append(lines("another Error"))
    text(console, qtbot)
    assert console._found.text() == "2 of 3"
    console.search.setText("(two")
    assert console._found.text() == "1"
    console.search.setText("nowhere")
    assert console._found.text() == "Not found"
    assert not console._next.isEnabled()
    QTest.keyClick(console.search, Qt.Key.Key_Escape)
    assert console.view.hasFocus()
    assert console.view.extraSelections() == []
    assert not console._found.isVisible()


def test_what_is_selected_is_looked_for(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append(lines("alpha beta alpha"))
    text(console, qtbot)
    console.view.moveCursor(QTextCursor.MoveOperation.Start)
    console.view.moveCursor(QTextCursor.MoveOperation.EndOfWord, QTextCursor.MoveMode.KeepAnchor)
    QTest.keyClick(console.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert console.search.text() == "alpha"
    assert console._found.text() == "1 of 2"


def test_copy_of_what_is_selected(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append(lines(f"{E}31mred{E}0m"))
    text(console, qtbot)
    QTest.keyClick(console.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(console.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "red"


def test_another_run(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append([ConsoleLine("old", 1.0)])
    text(console, qtbot)
    console.clear()
    assert text(console, qtbot) == ""
    assert console.line_count == 0
    assert not console.times.isVisible()
    console.append(lines("new"))
    assert text(console, qtbot) == "new"


def test_a_line_as_long_as_a_book_is_cut(make: Make, qtbot: QtBot) -> None:
    console = make()
    console.append(lines("x" * 1_000_000))
    assert len(text(console, qtbot)) == 4096


def test_a_flood_is_drawn_in_small_pieces(make: Make, qtbot: QtBot) -> None:
    """However many lines come at once, each turn of the event loop inserts few of them."""
    console = make()
    console.append(many(10_000))
    shown = [console._lines.valid]
    console.view.brought.connect(lambda: shown.append(console._lines.valid))
    text(console, qtbot)
    assert max(after - before for before, after in pairwise(shown)) <= 250
    shown.clear()
    console.append([ConsoleLine("".join(f"{E}{30 + one % 8}m{one}" for one in range(50))) for _ in range(40)])
    text(console, qtbot)
    assert len(shown) >= 10  # 50 pieces to a line: some three lines in each turn


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 25), st.booleans()), max_size=12), st.integers(1, 12))
def test_lines_are_those_of_a_plain_list(steps: list[tuple[int, int, bool]], most: int) -> None:
    """Against a list that keeps everything; `valid` never claims a line that changed."""
    kept, plain, shown = ConsoleLines(most), list[ConsoleLine](), list[ConsoleLine]()
    for turn, (number, count, draw) in enumerate(steps):
        number = min(number, len(plain))
        new = lines(*(f"{turn}.{one}" if one % 3 else "same" for one in range(count)))
        kept.replace_from(number, new)
        plain[number:] = new
        assert kept.end == len(plain)
        first = len(plain) - len(list(kept.kept()))
        assert list(kept.kept()) == plain[first:]
        assert shown[kept.start : kept.valid] == plain[kept.start : kept.valid]
        if draw:
            kept.valid, shown = kept.end, list(plain)


def test_a_gap_drops_what_was_before() -> None:
    kept = ConsoleLines(10)
    kept.append(many(3))
    kept.replace_from(7, lines("after"))
    assert list(kept.kept()) == lines("after")
    assert (kept.start, kept.end) == (7, 8)
