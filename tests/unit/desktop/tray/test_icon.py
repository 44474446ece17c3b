"""The icon in the tray: state, what turns, tooltip. This platform has no tray, so what it draws is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QMenu, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from runferry.desktop.summary import Mood, Summary
from runferry.desktop.tray.icon import LONGEST, STATES, Tray


@pytest.fixture
def clicks() -> list[int]:
    return []


@pytest.fixture
def tray(qtbot: QtBot, clicks: list[int]) -> Iterator[Tray]:
    made = Tray(lambda: clicks.append(1))
    made.menu = QMenu()
    made.make()
    yield made
    made.stop()


def icon(tray: Tray) -> QSystemTrayIcon:
    return next(one for one in tray.findChildren(QSystemTrayIcon))


def test_every_mood_has_a_picture_of_its_own(tray: Tray) -> None:
    pictures = []
    for mood in Mood:
        tray.show_summary(Summary(mood, "", f"It is {mood.value}"))
        pictures.append(icon(tray).icon().pixmap(22, 22).toImage())
        assert icon(tray).toolTip() == f"Runferry — It is {mood.value}"
    assert all(one != other for at, one in enumerate(pictures) for other in pictures[:at])
    assert set(STATES) == set(Mood)


def test_it_moves_only_while_something_is_sent(qtbot: QtBot, tray: Tray) -> None:
    tray.show_summary(Summary(Mood.SYNCING, "", "Syncing"))
    first = icon(tray).icon().pixmap(22, 22).toImage()
    qtbot.waitUntil(lambda: icon(tray).icon().pixmap(22, 22).toImage() != first, timeout=3000)
    tray.show_summary(Summary(Mood.UP_TO_DATE, "", "Up to date"))
    assert not tray._turning.isActive()


def test_long_sentences_are_cut(tray: Tray) -> None:
    tray.show_summary(Summary(Mood.UP_TO_DATE, "", "x" * 500))
    assert len(icon(tray).toolTip()) == LONGEST


def test_without_a_tray_it_says_so(tray: Tray) -> None:
    assert not QSystemTrayIcon.isSystemTrayAvailable()  # this platform has none
    assert not tray.is_there
    assert not tray.message("title", "text")


def test_it_is_made_anew_with_what_it_showed(qtbot: QtBot, tray: Tray) -> None:
    tray.show_summary(Summary(Mood.PAUSED, "", "Paused"))
    old = icon(tray)
    shown = old.icon().pixmap(22, 22).toImage()
    with qtbot.waitSignal(old.destroyed, timeout=3000):
        tray.make()
    assert icon(tray).icon().pixmap(22, 22).toImage() == shown
    assert icon(tray).toolTip() == "Runferry — Paused"
    assert icon(tray).contextMenu() is tray.menu


def test_clicks_are_told_and_the_menu_is_none(tray: Tray, clicks: list[int]) -> None:
    reasons = QSystemTrayIcon.ActivationReason
    icon(tray).activated.emit(reasons.Context)
    assert clicks == []
    icon(tray).activated.emit(reasons.Trigger)
    assert clicks == [1]


def test_nothing_turns_after_the_end(tray: Tray) -> None:
    tray.show_summary(Summary(Mood.SYNCING, "", "Syncing"))
    tray.stop()
    tray.show_summary(Summary(Mood.ATTENTION, "", "later"))
    assert not tray._turning.isActive()


def test_a_click_on_its_message_is_told_also_by_an_icon_that_was_made_anew(tray: Tray) -> None:
    told: list[int] = []
    tray.message_clicked.connect(lambda: told.append(1))
    icon(tray).messageClicked.emit()
    assert told == [1]
    tray.drop()
    tray.make()
    assert tray._icon is not None
    tray._icon.messageClicked.emit()
    assert told == [1, 1]
