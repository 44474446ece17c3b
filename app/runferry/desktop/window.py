"""The window: sidebar, pages, sheet, toast, and the drop target over all of it. It owns no logic.

Closing it hides it where there is a tray icon; the app goes on.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QWidget

from runferry.desktop.bridge import Update
from runferry.desktop.context import Page
from runferry.desktop.dropping import DropArea, are_certificates, dropped_paths
from runferry.desktop.look.theme import Tone
from runferry.desktop.memory import Memory
from runferry.desktop.parts.labels import Line
from runferry.desktop.parts.no_drops import let_drops_through
from runferry.desktop.parts.sheet import SheetHost
from runferry.desktop.parts.toast import Toast
from runferry.desktop.parts.trouble import Trouble
from runferry.desktop.sidebar import Entry, Sidebar
from runferry.desktop.summary import Mood, Summary, summarize
from runferry.desktop.text import plural, tr
from runferry.errors import AppError

FIRST_SIZE = (1000, 680)
SMALLEST = (720, 480)
TICK = 1000  # milliseconds


class Window(QWidget):
    """The main window; also what pages know as the `Shell`."""

    close_asked = Signal()  # by the title bar; the app decides whether it hides or quits
    dropped = Signal(list)  # paths
    certificates_dropped = Signal(list)
    set_up_asked = Signal()

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory
        self._pages: dict[str, Page] = {}
        self._makers: dict[str, Callable[[], Page]] = {}
        self._update: Update | None = None
        self._is_leaving = False
        self._dragged: list[Path] = []
        self.summary: Summary | None = None
        self.setWindowTitle("Runferry")
        self.setMinimumSize(*SMALLEST)
        self.resize(*FIRST_SIZE)
        self.setAcceptDrops(True)
        self.stack = QStackedWidget()
        self.sidebar = Sidebar(_entries(), Entry("settings", tr("Settings"), "nav-settings"))
        self.sidebar.chosen.connect(self.go)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.sidebar)
        box.addWidget(Line(vertical=True))
        box.addWidget(self.stack, 1)
        self._drop_area = DropArea(self)
        self.sheets = SheetHost(self)
        self._toast = Toast(self)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._restore()
        self._shortcuts()

    # -- pages --------------------------------------------------------------------------------------------------------

    def set_pages(self, makers: dict[str, Callable[[], Page]]) -> None:
        """How each page is made; that happens when it is first shown. The first one is shown now."""
        self._makers = makers
        self.go(next(iter(makers)))

    def page(self, name: str) -> Page:
        """A page, made if need be. KeyError where there is none."""
        found = self._pages.get(name)
        if found is None:
            found = self._pages[name] = self._makers[name]()
            let_drops_through(found)
            self.stack.addWidget(found)
            if self._update is not None:
                found.take(self._update)
        return found

    @property
    def current(self) -> str:
        """The name of the page that is shown."""
        return next((name for name, one in self._pages.items() if one is self.stack.currentWidget()), "")

    def take(self, update: Update) -> None:
        """Something changed."""
        self._update = update
        self._summarize()
        for page in self._pages.values():
            page.take(update)

    def _tick(self) -> None:
        self._summarize()
        page = self.stack.currentWidget()
        if isinstance(page, Page):
            page.tick(time.time())

    def _summarize(self) -> None:
        update = self._update
        if update is None:
            return
        self.summary = summarize(update.overview, update.totals, time.time())
        live = plural(update.totals.live, "{n} live", "{n} live") if update.totals.live else tr("No live runs")
        hides_pause = update.overview.is_paused and self.summary.mood in (Mood.ATTENTION, Mood.RETRYING)
        self.sidebar.headline.show_summary(self.summary, f"{tr('Paused')} · {live}" if hides_pause else live)
        number = len(update.overview.problems) or update.totals.problems
        said = plural(number, "{n} problem", "{n} problems") if number else ""
        self.sidebar.button("problems").badge(f"{number:,}" if number else "", Tone.BAD, said)
        retrying = self.summary.retry
        self.sidebar.button("network").badge("state-retrying" if retrying else "", Tone.WARN, retrying)
        is_well = self.summary.mood is Mood.UP_TO_DATE
        self.setAccessibleName("Runferry" if is_well else f"Runferry — {self.summary.headline}")
        # The name comes last, where Qt would add it on some systems if it did not.
        self.setWindowTitle("Runferry" if is_well else f"{self.summary.headline} — Runferry")

    # -- what pages ask for -------------------------------------------------------------------------------------------

    def go(self, page: str, subject: str = "") -> None:
        """Show a page; not behind a sheet, where nobody would see it change."""
        if page not in self._makers or not self.make_room():
            self.sidebar.show_page(self.current)
            return
        shown = self.page(page)
        self.stack.setCurrentWidget(shown)
        self.sidebar.show_page(page)
        shown.open(subject)
        shown.tick(time.time())

    def toast(self, text: str) -> None:
        """A short message."""
        self._toast.say(text)

    def sheet(self, title: str, body: QWidget, width: int = 720, height: int = 520) -> None:
        """A card over the content."""
        self.sheets.show_sheet(title, body, width, height)

    def close_sheet(self) -> None:
        """Close the card."""
        self.sheets.close_sheet()

    def make_room(self) -> bool:
        """Set the open sheet aside. Where it holds somebody's work it stays, and that is said."""
        if self.sheets.holds_work:
            self.toast(tr("Finish or close “{title}” first", title=self.sheets.title))
            return False
        self.close_sheet()
        return True

    def tell(self, error: AppError) -> None:
        """Something that was asked for did not work. A sheet that somebody works in stays open."""
        if self.sheets.body is not None and not isinstance(self.sheets.body, Trouble):
            self.toast(f"{error.title}. {error.message} {error.todo}")
            return
        self.sheets.show_sheet(error.title, Trouble(error, self.close_sheet), 520, 280)

    def add(self, paths: Sequence[Path] = ()) -> None:
        """Run folders are to be added."""
        self.dropped.emit(list(paths))

    def set_up(self) -> None:
        """The first start is to be shown again."""
        self.set_up_asked.emit()

    # -- the window itself --------------------------------------------------------------------------------------------

    def bring_up(self) -> None:
        """Show it in front of everything."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        if QGuiApplication.focusWindow() == self.windowHandle():
            # Hidden less than 0.4 s ago: Qt's xcb plugin still has it as the window with the focus, so the focus that
            # comes is no news to it, and the widgets would stay inactive. Qt has no other way to tell it.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                QApplication.setActiveWindow(self)
        self.raise_()
        self.activateWindow()

    def leave(self) -> None:
        """The app ends: the next close is no wish to hide."""
        self._is_leaving = True
        self._keep()
        self.close()

    def _keep(self) -> None:
        for page in self._pages.values():
            page.keep()
        self._memory.keep("geometry", self.saveGeometry().toBase64().toStdString())
        self._memory.save()

    def _restore(self) -> None:
        kept = self._memory.get("geometry", "")
        if kept:
            self.restoreGeometry(QByteArray.fromBase64(kept.encode()))

    def _shortcuts(self) -> None:
        for number, entry in enumerate(_entries(), 1):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self, lambda name=entry.name: self._go_by_key(name))
        keys = QKeySequence.StandardKey
        for key, more, do in (
            (keys.Preferences, "Ctrl+,", lambda: self._go_by_key("settings")),
            (keys.Open, "Ctrl+O", self.add),
            (keys.Close, "Ctrl+W", self.close),
        ):
            shortcut = QShortcut(self)
            bound = QKeySequence.keyBindings(key)  # twice the same would be none: Qt calls it ambiguous
            shortcut.setKeys(bound if QKeySequence(more) in bound else [*bound, QKeySequence(more)])
            shortcut.activated.connect(do)

    def _go_by_key(self, page: str) -> None:
        """Who uses keys sees where the focus is, also before the first Tab."""
        self.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        self.go(page)

    def showEvent(self, event: QShowEvent) -> None:
        """Countdowns run only while somebody can see them."""
        self._timer.start(TICK)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """And stop when nobody does."""
        self._timer.stop()
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """By the title bar: the app decides."""
        if self._is_leaving:
            event.accept()
            return
        event.ignore()
        self._keep()
        self.close_asked.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders of this computer are welcome."""
        paths = dropped_paths(event.mimeData())
        self._dragged = paths
        if paths:
            self._drop_area.announce(paths)
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It went on."""
        self._drop_area.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Looked at first; nothing is sent by the drop alone."""
        self._drop_area.hide()
        paths = dropped_paths(event.mimeData()) or self._dragged  # X11 programs may be gone by now, with what they had
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if not paths:
            return
        signal = self.certificates_dropped if are_certificates(paths) else self.dropped
        signal.emit(paths)

    def changeEvent(self, event: QEvent) -> None:
        """Light became dark, or back."""
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self.update()
        super().changeEvent(event)


def _entries() -> list[Entry]:
    return [
        Entry("runs", tr("Runs"), "nav-runs"),
        Entry("network", tr("Network"), "nav-network"),
        Entry("problems", tr("Problems"), "nav-problems"),
        Entry("activity", tr("Activity"), "nav-activity"),
    ]
