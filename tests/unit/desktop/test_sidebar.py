"""The sidebar: pages by mouse and keys, badges that are read aloud, and the state of everything on top."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from runferry.desktop.look.icons import pixmap
from runferry.desktop.look.theme import Tone
from runferry.desktop.sidebar import MOODS, Entry, Sidebar
from runferry.desktop.summary import Mood, Summary

ENTRIES = [Entry("runs", "Runs", "nav-runs"), Entry("network", "Network", "nav-network")]


@pytest.fixture
def sidebar(qtbot: QtBot) -> Sidebar:
    made = Sidebar(ENTRIES, Entry("settings", "Settings", "nav-settings"))
    qtbot.addWidget(made)
    made.resize(200, 500)
    with qtbot.waitActive(made):
        made.show()
    return made


def test_a_click_chooses_a_page(qtbot: QtBot, sidebar: Sidebar) -> None:
    with qtbot.waitSignal(sidebar.chosen, timeout=1000) as told:
        qtbot.mouseClick(sidebar.button("network"), Qt.MouseButton.LeftButton)
    assert told.args == ["network"]


def test_arrows_go_round_and_space_chooses(qtbot: QtBot, sidebar: Sidebar) -> None:
    sidebar.button("runs").setFocus()
    for expected in ("network", "settings", "runs", "network"):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
        assert sidebar.button(expected).hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Up)
    assert sidebar.button("runs").hasFocus()
    with qtbot.waitSignal(sidebar.chosen, timeout=1000) as told:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert told.args == ["runs"]


def test_a_screen_reader_chooses_again_what_is_shown(sidebar: Sidebar) -> None:
    told: list[str] = []
    sidebar.chosen.connect(told.append)
    sidebar.show_page("runs")
    for expected in ("runs", "network", "network"):
        button = sidebar.button(expected)
        actions = QAccessible.queryAccessibleInterface(button).actionInterface()
        actions.doAction(actions.toggleAction())
        assert button.isChecked()
        sidebar.show_page(told[-1])
        assert [one for one in ("runs", "network", "settings") if sidebar.button(one).isChecked()] == [expected]
    assert told == ["runs", "network", "network"]


def test_a_click_on_what_is_shown_tells_once(qtbot: QtBot, sidebar: Sidebar) -> None:
    told: list[str] = []
    sidebar.chosen.connect(told.append)
    sidebar.show_page("runs")
    qtbot.mouseClick(sidebar.button("runs"), Qt.MouseButton.LeftButton)
    assert told == ["runs"]
    assert sidebar.button("runs").isChecked()


def test_arrows_lead_on_from_the_page_that_is_shown(qtbot: QtBot, sidebar: Sidebar) -> None:
    sidebar.chosen.connect(sidebar.show_page)
    sidebar.show_page("runs")
    sidebar.button("runs").setFocus()
    for expected in ("network", "settings", "runs"):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
        assert sidebar.button(expected).hasFocus()
        assert sidebar.button(expected).isChecked()


def test_one_page_is_marked(sidebar: Sidebar) -> None:
    for name in ("runs", "settings"):
        sidebar.show_page(name)
        assert [one for one in ("runs", "network", "settings") if sidebar.button(one).isChecked()] == [name]
    sidebar.show_page("no such page")
    assert sidebar.button("settings").isChecked()


def test_badges_are_read_aloud_and_drawn(sidebar: Sidebar) -> None:
    button = sidebar.button("network")
    plain = button.grab().toImage()
    button.badge("12", Tone.BAD, "12 problems")
    assert button.accessibleName() == "Network, 12 problems"
    numbered = button.grab().toImage()
    button.badge("state-retrying", Tone.WARN, "Retrying")
    shaped = button.grab().toImage()
    assert plain != numbered
    assert numbered != shaped
    button.badge("", Tone.BAD)
    assert button.accessibleName() == "Network"
    assert button.grab().toImage() == plain


@pytest.mark.parametrize("mood", list(Mood))
def test_each_mood_has_a_shape_and_words(sidebar: Sidebar, mood: Mood) -> None:
    assert not pixmap(MOODS[mood][0], MOODS[mood][1], 20).isNull()
    sidebar.headline.show_summary(Summary(mood, "Two words", "A whole sentence"), "3 live")
    assert sidebar.headline.accessibleName() == "A whole sentence"
    assert len({shape for shape, _ in MOODS.values()}) == len(Mood)
