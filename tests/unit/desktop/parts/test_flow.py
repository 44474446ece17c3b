"""Buttons in lines: they go on in the next where it is narrow, and stay in place whatever sheets come and go."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.sheet import SheetHost


def card(*buttons: QWidget) -> tuple[QWidget, Flow]:
    """A page with a line of buttons and a text below them."""
    page, flow = QWidget(), Flow().add(*buttons)
    column = QVBoxLayout(page)
    column.addLayout(flow)
    column.addWidget(QLabel("below"))
    column.addStretch(1)
    return page, flow


def gone() -> None:
    """What was to be deleted later is deleted."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_buttons_keep_their_places_when_a_sheet_has_come_and_gone(qtbot: QtBot) -> None:
    first, second = QPushButton("Pause"), QPushButton("Check connection")
    page, flow = card(first, second)
    window = QWidget()
    column = QVBoxLayout(window)
    column.addWidget(page)
    host = SheetHost(window)
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    size = flow.sizeHint()
    for _ in range(2):
        body = QWidget()
        QVBoxLayout(body).addWidget(QPushButton("Close"))
        host.show_sheet("A sheet", body)
        qtbot.waitUntil(lambda: host.has_focus and QApplication.focusWidget() is not None)
        for _ in range(3):  # round the sheet: Qt's order of keys leads through the page too
            focused = QApplication.focusWidget()
            assert focused is not None
            qtbot.keyClick(focused, Qt.Key.Key_Tab)
        host.close_sheet()
        gone()
        first.hide()
        first.show()
        qtbot.waitUntil(lambda: second.x() > first.geometry().right())
        assert flow.sizeHint() == size != QSize(0, 0)


def test_a_card_that_is_made_after_a_sheet_is_laid_out(qtbot: QtBot) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    host = SheetHost(window)
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    for number in range(3):
        body = QWidget()
        QVBoxLayout(body).addWidget(QPushButton("Close"))
        host.show_sheet("A sheet", body)
        button = QPushButton(f"Fix {number}")
        page, flow = card(button)
        column.addWidget(page)
        host.close_sheet()
        gone()
        qtbot.waitUntil(lambda button=button, flow=flow: button.size() == button.sizeHint() == flow.sizeHint())


def test_they_go_on_in_the_next_line_and_those_that_are_hidden_or_gone_take_no_room(qtbot: QtBot) -> None:
    buttons = [QPushButton(f"Button {number}") for number in range(3)]
    page, flow = card(*buttons)
    qtbot.addWidget(page)
    page.resize(buttons[0].sizeHint().width() * 2 + 60, 300)
    page.show()
    first, second, third = buttons
    qtbot.waitUntil(lambda: third.y() > first.y())
    assert second.y() == first.y()
    assert third.x() == first.x()
    first.hide()
    qtbot.waitUntil(lambda: third.y() == second.y())
    second.deleteLater()
    gone()
    assert flow.count() == 2
    qtbot.waitUntil(lambda: third.x() == first.x())


def test_items_do_not_go_with_what_pyside_takes_for_their_owner(qtbot: QtBot) -> None:
    window, other, button = QWidget(), QPushButton("other"), QPushButton("Pause")
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addWidget(other)
    page, flow = card(button)
    column.addWidget(page)
    assert other.nextInFocusChain() is page  # from now on the page is owned by the button before it, PySide says
    other.deleteLater()
    gone()
    assert flow.sizeHint() == button.sizeHint()
