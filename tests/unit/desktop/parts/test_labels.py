"""Labels: long words break without widening the page, and what is copied is the text as it was."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from runferry.desktop.parts.labels import Label
from runferry.desktop.text import breakable, unbroken

LONG = "see /home/person/trainings/a/path/that/is/long/settings.json: " + "x" * 300


def test_a_long_word_may_break_and_nothing_else_changes() -> None:
    assert unbroken(breakable(LONG)) == LONG
    assert max(len(piece) for word in breakable(LONG).split() for piece in word.split("\u200b")) <= 24
    assert breakable("short words stay as they are") == "short words stay as they are"


def test_a_wrapped_label_is_as_narrow_as_it_has_to_be(qtbot: QtBot) -> None:
    wide, narrow = Label(LONG, wrap=True), Label(breakable(LONG), wrap=True)
    for one in (wide, narrow):
        qtbot.addWidget(one)
    assert narrow.minimumSizeHint().width() < 300 < wide.minimumSizeHint().width()


@pytest.mark.parametrize("way", ["keys", "menu"])
def test_copied_text_is_without_the_marks(qtbot: QtBot, way: str) -> None:
    label = Label(breakable(LONG), wrap=True, selectable=True)
    qtbot.addWidget(label)
    label.show()
    label.setSelection(0, len(label.text()))
    QApplication.clipboard().clear()
    if way == "keys":
        qtbot.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    else:
        label._copy()
    assert QApplication.clipboard().text() == LONG
