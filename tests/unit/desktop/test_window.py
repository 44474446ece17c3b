"""The window without an engine: pages made when they are shown, drops, sheets, toasts, closing, and its summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6 import __version_info__
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from runferry.desktop.bridge import Update
from runferry.desktop.context import Page
from runferry.desktop.dropping import DropArea, are_certificates, dropped_paths
from runferry.desktop.memory import Memory
from runferry.desktop.parts.toast import Toast
from runferry.desktop.window import SMALLEST, Window
from runferry.errors import PermanentError
from runferry.status import ConnectionState, RunState, ServerStatus, SyncState
from support.scripted import NOW, URL, a_run, an_update

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class NotedPage(Page):
    """Keeps what it is told, and has a field."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[Update] = []
        self.opened: list[str] = []
        self.ticks = 0
        self.kept = 0
        self.field = QLineEdit()
        QVBoxLayout(self).addWidget(self.field)

    def take(self, update: Update) -> None:
        self.updates.append(update)

    def open(self, subject: str) -> None:
        self.opened.append(subject)

    def tick(self, now: float) -> None:
        self.ticks += 1

    def keep(self) -> None:
        self.kept += 1


class Pages(dict[str, NotedPage]):
    """The pages that were made so far, by name."""

    def makers(self) -> dict[str, Callable[[], Page]]:
        return {name: lambda name=name: self.setdefault(name, NotedPage()) for name in ("runs", "network", "settings")}


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def window(qtbot: QtBot, pages: Pages) -> Window:
    made = Window(Memory(None))
    qtbot.addWidget(made, before_close_func=lambda one: one.leave())
    made.set_pages(pages.makers())
    with qtbot.waitActive(made):
        made.bring_up()
    return made


# -- pages ------------------------------------------------------------------------------------------------------------


def test_pages_are_made_when_they_are_first_shown(window: Window, pages: Pages) -> None:
    assert list(pages) == ["runs"]
    update = an_update(a_run(1))
    window.take(update)
    window.go("network", URL)
    assert list(pages) == ["runs", "network"]
    assert pages["network"].updates == [update]
    assert pages["network"].opened == [URL]
    assert window.current == "network"
    assert window.sidebar.button("network").isChecked()
    window.take(update)
    assert len(pages["runs"].updates) == len(pages["network"].updates) == 2


def test_a_page_that_is_not_there_is_not_gone_to(window: Window) -> None:
    window.sidebar.button("problems").click()
    assert window.current == "runs"
    assert window.sidebar.button("runs").isChecked()


def test_keys_go_to_pages(qtbot: QtBot, window: Window) -> None:
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.current == "network"
    qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.current == "settings"
    with qtbot.waitSignal(window.dropped, timeout=1000) as told:
        qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert told.args == [[]]


def test_countdowns_run_only_while_somebody_can_see_them(qtbot: QtBot, window: Window, pages: Pages) -> None:
    ticks = pages["runs"].ticks
    qtbot.waitUntil(lambda: pages["runs"].ticks > ticks, timeout=5000)
    assert window._timer.isActive()
    window.hide()
    assert not window._timer.isActive()


def test_it_sums_up_in_title_and_sidebar(window: Window) -> None:
    window.take(an_update(a_run(1), a_run(2, run_state=RunState.RUNNING, state=SyncState.SENT)))
    assert window.windowTitle() == "Runferry"
    retrying = ServerStatus(URL, ConnectionState.RETRYING, next_try=NOW + 10**9)
    window.take(an_update(a_run(1, state=SyncState.PROBLEM), a_run(2), servers=(retrying,)))
    assert window.windowTitle() == "1 problem — Runferry"
    assert window.sidebar.button("problems").accessibleName() == "Problems, 1 problem"
    assert window.sidebar.button("network").accessibleName().startswith("Network, Retrying wandb.company.com")
    window.take(an_update(a_run(1)))
    assert window.sidebar.button("problems").accessibleName() == "Problems"


def test_a_pause_is_seen_beside_what_needs_somebody(window: Window) -> None:
    made = an_update(a_run(1, state=SyncState.PROBLEM))
    window.take(replace(made, overview=replace(made.overview, is_paused=True)))
    shown = "\n".join(one.text() for one in window.sidebar.findChildren(QLabel))
    assert "1 problem" in shown
    assert "Paused · No live runs" in shown


# -- closing ----------------------------------------------------------------------------------------------------------


def test_the_title_bar_asks_and_does_not_close(qtbot: QtBot, window: Window) -> None:
    with qtbot.waitSignal(window.close_asked, timeout=1000):
        window.close()
    assert window.isVisible()
    with qtbot.waitSignal(window.close_asked, timeout=1000):
        qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)


def test_it_leaves_with_its_size_and_what_pages_keep(qtbot: QtBot, pages: Pages) -> None:
    memory = Memory(None)
    window = Window(memory)
    qtbot.addWidget(window)
    window.set_pages(pages.makers())
    window.resize(740, 543)  # this platform's screen is small
    window.leave()
    assert pages["runs"].kept == 1
    again = Window(memory)
    qtbot.addWidget(again, before_close_func=lambda one: one.leave())
    assert (again.width(), again.height()) == (740, 543)
    assert (again.minimumWidth(), again.minimumHeight()) == SMALLEST


# -- dropping ---------------------------------------------------------------------------------------------------------


def dragged(*paths: Path | str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(one) if isinstance(one, str) else QUrl.fromLocalFile(str(one)) for one in paths])
    return data


def enters(x: int, y: int, data: QMimeData) -> QDragEnterEvent:
    # Qt 6.12 wants parts of a pixel, before it there was no such thing.
    place = QPointF(x, y) if __version_info__ >= (6, 12) else QPoint(x, y)
    return QDragEnterEvent(place, COPY, data, LEFT, NONE)  # type: ignore[arg-type, unused-ignore]


def drop(window: Window, data: QMimeData) -> QDropEvent:
    QApplication.sendEvent(window, enters(300, 300, data))
    event = QDropEvent(QPointF(300, 300), COPY, data, LEFT, NONE)
    QApplication.sendEvent(window, event)
    return event


def test_folders_can_be_dropped(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.dropped, timeout=1000) as told:
        event = drop(window, dragged(tmp_path, tmp_path / "run.wandb"))
    assert told.args == [[tmp_path, tmp_path / "run.wandb"]]
    assert event.isAccepted()
    assert event.dropAction() is COPY  # a move would delete the runs


def test_certificates_go_elsewhere(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.certificates_dropped, timeout=1000), qtbot.assertNotEmitted(window.dropped):
        drop(window, dragged(tmp_path / "CA.PEM"))


def test_what_would_happen_is_shown_while_the_mouse_is_over_it(window: Window, tmp_path: Path) -> None:
    (area,) = window.findChildren(DropArea)
    data = dragged(tmp_path)
    QApplication.sendEvent(window, enters(9, 9, data))
    assert area.isVisible()
    assert area.size() == window.size()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not area.isVisible()


def test_a_drag_whose_program_died_leaves_nothing_behind(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    (area,) = window.findChildren(DropArea)
    data = dragged(tmp_path)
    for by_hand in (lambda: qtbot.keyClick(window, Qt.Key.Key_A), lambda: qtbot.mouseClick(window, LEFT)):
        QApplication.sendEvent(window, enters(9, 9, data))
        assert area.isVisible()
        by_hand()
        assert not area.isVisible()


def test_web_addresses_and_text_are_not_welcome(window: Window) -> None:
    (area,) = window.findChildren(DropArea)
    text = QMimeData()
    text.setText("/home/me/run")
    for data in (dragged("https://example.com/run.wandb"), text):
        event = enters(9, 9, data)
        QApplication.sendEvent(window, event)
        assert not area.isVisible()
        assert dropped_paths(data) == []


def test_what_counts_as_certificates() -> None:
    assert are_certificates([Path("a.pem"), Path("b.CER")])
    assert not are_certificates([Path("a.pem"), Path("run")])
    assert not are_certificates([])


# -- sheets and toasts ------------------------------------------------------------------------------------------------


def test_escape_closes_a_sheet_and_the_focus_comes_back(qtbot: QtBot, window: Window, pages: Pages) -> None:
    field = pages["runs"].field
    field.setFocus()
    body = QPushButton("inside")
    window.sheet("A sheet", body)
    assert body.hasFocus()
    qtbot.keyClick(body, Qt.Key.Key_Escape)
    assert not window.sheets.isVisible()
    assert field.hasFocus()


def test_a_click_beside_closes_and_one_inside_does_not(qtbot: QtBot, window: Window) -> None:
    window.sheet("A sheet", QWidget(), 300, 200)
    qtbot.mouseClick(window.sheets, LEFT, pos=window.sheets.rect().center())
    assert window.sheets.isVisible()
    with qtbot.waitSignal(window.sheets.closed, timeout=1000):
        qtbot.mouseClick(window.sheets, LEFT, pos=QPoint(5, 5))
    assert not window.sheets.isVisible()


def test_the_focus_stays_inside_a_sheet(qtbot: QtBot, window: Window, pages: Pages) -> None:
    body = QWidget()
    box = QVBoxLayout(body)
    inside = [QPushButton(str(number)) for number in range(3)]
    for one in inside:
        box.addWidget(one)
    window.sheet("A sheet", body)
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        for _ in range(6):
            qtbot.keyClick(QApplication.focusWidget(), key)
            assert window.sheets.isAncestorOf(QApplication.focusWidget())


def test_what_had_the_focus_may_be_gone(qtbot: QtBot, window: Window) -> None:
    going = QLineEdit(window)
    going.show()
    going.setFocus()
    window.sheet("A sheet", QPushButton("inside"))
    with qtbot.waitSignal(going.destroyed, timeout=1000):
        going.deleteLater()
    window.close_sheet()
    assert not window.sheets.isVisible()


def test_another_sheet_takes_its_place_and_keeps_the_way_back(window: Window, pages: Pages) -> None:
    pages["runs"].field.setFocus()
    window.sheet("one", QPushButton("one"))
    window.sheet("two", second := QPushButton("two"))
    assert window.sheets.body is second
    window.close_sheet()
    assert pages["runs"].field.hasFocus()


def test_a_sheet_fits_the_smallest_window(window: Window) -> None:
    window.resize(*SMALLEST)
    window.sheet("large", body := QWidget(), 2000, 2000)
    card = body.parentWidget()
    assert window.rect().contains(card.geometry())


def test_an_error_is_told_with_what_to_do(window: Window) -> None:
    window.tell(PermanentError("scripted", "It did not work", "line\n" * 40, "Try again."))
    assert window.sheets.isVisible()
    assert "Try again." in {one.text() for one in window.sheets.findChildren(QWidget) if hasattr(one, "text")}


def test_a_toast_is_shown_over_everything_and_fits(window: Window) -> None:
    (toast,) = window.findChildren(Toast)
    window.toast("Link copied")
    assert toast.isVisible()
    assert toast.accessibleName() == "Link copied"
    window.toast("x" * 500)
    assert window.rect().contains(toast.geometry())
    window.resize(*SMALLEST)
    assert window.rect().contains(toast.geometry())
    assert toast._timer.isActive()
    toast._timer.timeout.emit()
    assert not toast.isVisible()


class Chosen(QWidget):
    """A sheet that holds what somebody chose, or nothing."""

    def __init__(self, holds_work: bool) -> None:
        super().__init__()
        self.holds_work = holds_work


def test_a_page_that_is_asked_for_takes_the_place_of_a_sheet_that_holds_nothing(window: Window) -> None:
    for body in (QWidget(), Chosen(False)):
        window.go("network")
        window.sheet("Check connection", body)
        window.go("settings")  # by the tray's menu, a notification or a key
        assert window.sheets.body is None
        assert window.current == "settings"


def test_a_sheet_that_holds_work_stays_and_the_page_below_it_too(window: Window) -> None:
    window.go("network")
    window.sheet("Sync runs", body := Chosen(True))
    window.go("settings")
    assert window.sheets.body is body
    assert window.current == "network"
    assert window.sidebar.button("network").isChecked()
    (toast,) = window.findChildren(Toast)
    assert toast.accessibleName() == "Finish or close “Sync runs” first"
    window.close_sheet()
    window.go("settings")
    assert window.current == "settings"


def test_an_error_takes_nobodys_sheet_away(window: Window) -> None:
    body = QLineEdit("half filled in")
    window.sheet("Add", body)
    window.tell(PermanentError("scripted", "It did not work", "why", "Try again."))
    assert window.sheets.body is body
    window.close_sheet()
    window.tell(PermanentError("scripted", "It did not work", "why", "Try again."))
    assert window.sheets.body is not None
