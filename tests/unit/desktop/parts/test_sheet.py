"""Keys on a sheet: Return presses the primary button or the one that has the focus; Tab goes round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from runferry.desktop.parts.bar import WHOLE, Bar
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.empty import balanced
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.sheet import SheetHost


@dataclass
class Made:
    """An open sheet with something of everything."""

    window: QWidget
    host: SheetHost
    tick: QCheckBox
    line: QLineEdit
    box: QComboBox
    cancel: Button
    primary: Button
    pressed: list[str] = field(default_factory=list)


@pytest.fixture
def made(qtbot: QtBot) -> Iterator[Made]:
    """Shown, with the focus on its tick."""
    pressed: list[str] = []
    window, body = QWidget(), QWidget()
    window.resize(800, 600)
    tick, line, box = QCheckBox("tick"), QLineEdit(), QComboBox()
    box.setEditable(True)
    cancel = Button("Cancel", lambda: pressed.append("cancel"))
    primary = Button("Send", lambda: pressed.append("send"), primary=True)
    column = QVBoxLayout(body)
    for one in (tick, line, box, cancel, primary):
        column.addWidget(one)
    body.setFocusProxy(tick)
    host = SheetHost(window)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    host.show_sheet("A sheet", body)
    qtbot.waitUntil(tick.hasFocus)
    yield Made(window, host, tick, line, box, cancel, primary, pressed)
    host.close_sheet()


def key(qtbot: QtBot, which: Qt.Key) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, which)


def test_return_presses_the_primary_button_from_anywhere(qtbot: QtBot, made: Made) -> None:
    key(qtbot, Qt.Key.Key_Return)
    assert made.pressed == ["send"]


def test_return_presses_the_button_that_has_the_focus_and_no_other(qtbot: QtBot, made: Made) -> None:
    made.cancel.setFocus()
    key(qtbot, Qt.Key.Key_Enter)
    assert made.pressed == ["cancel"]


def test_return_ends_the_writing_of_a_text_and_sends_nothing(qtbot: QtBot, made: Made) -> None:
    for one in (made.line, made.box):
        one.setFocus()
        key(qtbot, Qt.Key.Key_Return)
    assert made.pressed == []


def test_return_does_not_press_what_cannot_be_pressed(qtbot: QtBot, made: Made) -> None:
    made.primary.setEnabled(False)
    key(qtbot, Qt.Key.Key_Return)
    assert made.pressed == []


def test_tab_goes_round_past_a_box_that_can_be_written_into(qtbot: QtBot, made: Made) -> None:
    seen = []
    for _ in range(6):
        key(qtbot, Qt.Key.Key_Tab)
        seen.append(QApplication.focusWidget())
    assert seen[:4] == [made.line, made.box, made.cancel, made.primary]
    assert made.tick in seen  # and on from the cross
    for _ in range(6):
        key(qtbot, Qt.Key.Key_Backtab)
    assert made.tick.hasFocus()


def test_what_lies_below_does_not_get_the_focus(qtbot: QtBot, made: Made) -> None:
    below = QLineEdit(made.window)
    below.show()
    made.cancel.setFocus()
    below.setFocus()
    qtbot.waitUntil(lambda: made.host.has_focus)
    key(qtbot, Qt.Key.Key_Escape)
    assert made.host.body is None
    below.setFocus()
    assert below.hasFocus()


def test_a_sheet_whose_body_is_not_shown_yet_takes_the_focus_all_the_same(qtbot: QtBot, made: Made) -> None:
    below = QLineEdit(made.window)
    below.show()
    made.host.close_sheet()
    below.setFocus()
    body, hidden = QWidget(), QLineEdit()
    QVBoxLayout(body).addWidget(hidden)
    hidden.hide()
    body.setFocusProxy(hidden)
    made.host.show_sheet("Another", body)
    assert made.host.has_focus
    key(qtbot, Qt.Key.Key_Escape)
    assert made.host.body is None
    assert below.hasFocus()


def test_a_text_has_no_line_with_a_single_word(qtbot: QtBot) -> None:
    label = Label("A server that does not answer is tried again by itself, and one is told when.", wrap=True)
    qtbot.addWidget(label)
    most = label.fontMetrics().horizontalAdvance(label.text()) - 10  # one word too narrow
    width = balanced(label, most)
    assert width < most * 0.7
    assert label.heightForWidth(width) == label.heightForWidth(most)


def test_a_bar_is_filled_as_far_as_it_says(qtbot: QtBot) -> None:
    bar = Bar("Rows sent")
    qtbot.addWidget(bar)
    bar.resize(100, bar.height())

    def inked(at: int) -> int:
        return bar.grab().toImage().pixelColor(at, bar.height() // 2).blue()

    bar.setValue(WHOLE // 2)
    assert inked(25) != inked(75)
    bar.setValue(WHOLE)
    assert inked(25) == inked(75)
    assert bar.accessibleName() == "Rows sent"
