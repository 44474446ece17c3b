"""The page of one run. What is on disk is read by tasks, again when the run has grown, and never twice at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QTabWidget, QVBoxLayout, QWidget

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context, Page
from runferry.desktop.look.theme import GRID, MARGIN
from runferry.desktop.run.console import Console
from runferry.desktop.run.console_lines import ConsoleLine
from runferry.desktop.run.details_tab import DetailsTab
from runferry.desktop.run.file_words import file_rows
from runferry.desktop.run.files import Files
from runferry.desktop.run.header import Header
from runferry.desktop.run.overview import Overview
from runferry.desktop.runs.actions import RunActions, fill_menu
from runferry.desktop.text import tr
from runferry.engine.details import Cancelled, RunDetails, run_details
from runferry.errors import AppError
from runferry.status import RunState, RunStatus, ServerStatus

REWRITTEN = 32  # console lines that a terminal may still write anew
AGAIN = 5.0  # seconds between two readings of a run that grows


class _Gap(QWidget):
    """Before the first tab: they begin where everything above them does."""

    def sizeHint(self) -> QSize:
        """The page's margin."""
        return QSize(MARGIN, 1)


class RunPage(Page):
    """Shows the run that `open` names, until it names another or none."""

    def __init__(self, context: Context, back: Callable[[], None]) -> None:
        super().__init__()
        self._context, self._back = context, back
        self._actions = RunActions(context)
        self._key = ""
        self._run: RunStatus | None = None
        self._server: ServerStatus | None = None
        self._found: RunDetails | None = None
        self._console_base = 0  # the number of the first line that the console got
        self._reading = False
        self._read_of: tuple[str, int, str] = ("", -1, "")
        self._read_at = 0.0
        self._header = Header(back, self._open_web)
        self._header.menu_wanted.connect(self._menu)
        self.overview = Overview(context)
        self.console = Console()
        self.files = Files()
        self.details = DetailsTab()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setCornerWidget(_Gap(), Qt.Corner.TopLeftCorner)
        for title, tab in (
            (tr("Overview"), self.overview),
            (tr("Console"), self.console),
            (tr("Files"), self.files),
            (tr("Details"), self.details),
        ):
            self.tabs.addTab(tab, title)
        for inner in (self.console, self.files):
            inner.setContentsMargins(MARGIN, GRID, MARGIN, GRID)
        self.files.opened.connect(lambda name: self._open_file(name))
        self.files.show_wanted.connect(lambda name: self._open_file(name, folder=True))
        self.setFocusProxy(self.tabs)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._header)
        box.addWidget(self.tabs, 1)

    def open(self, subject: str) -> None:
        """Show the run with this key; empty: nothing is read any more."""
        self._key = subject
        self._run = self._context.bridge.runs.get(subject)
        self._read_at, self._read_of = 0.0, ("", -1, "")
        run = self._run
        self.overview.open(run.path if run else "", run.project if run else "")
        self.console.clear()
        self.files.show_files(())
        self.details.clear()
        self._found = None
        if run is not None:
            self._show(time.time())
            self._read()

    def take(self, update: Update) -> None:
        """The run may be among those that changed."""
        if not self._key:
            return
        found = self._context.bridge.runs.get(self._key)
        if found is None:
            self._follow(update)
            return
        grown = self._run is None or found.bytes_total != self._run.bytes_total
        self._run = found
        if grown:
            self.overview.feed.look()
        self._server = next((one for one in update.overview.servers if one.url == found.server), None)
        self._show(time.time())
        self._read()

    def _follow(self, update: Update) -> None:
        """It is not shown under this key any more: it was held back and is on its way by now, say, or it is gone."""
        path = self._run.path if self._run is not None else ""
        found = next((one for one in self._context.bridge.runs.values() if one.path == path), None)
        if found is not None:
            self.open(found.key)
            self.take(update)
        elif path:
            self._back()

    def tick(self, now: float) -> None:
        """The countdown, and what has grown."""
        if self._run is not None:
            self._show(now)
            self._read()
            if self._run.run_state is RunState.RUNNING:
                self.overview.feed.look()  # the host is measured even while nothing is logged

    def _show(self, now: float) -> None:
        if self._run is not None:
            self._header.show_run(self._run, self._server, now)

    # -- what is on disk ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        run = self._run
        if run is None or self._reading:
            return
        version = (run.key, run.bytes_read, run.state.value)
        if version == self._read_of or (run.key == self._read_of[0] and time.monotonic() - self._read_at < AGAIN):
            return
        self._reading, key = True, run.key

        def work() -> RunDetails | None:
            try:
                return run_details(self._context.engine, run.path, is_cancelled=lambda: self._key != key)
            except Cancelled:
                return None

        def then(found: RunDetails | None) -> None:
            self._reading, self._read_at = False, time.monotonic()
            if self._key != key:
                self._read()  # another run was opened meanwhile
            elif found is not None:
                self._read_of = version
                self._show_details(found)

        def failed(error: AppError) -> None:
            self._reading, self._read_at = False, time.monotonic()
            if self._key != key:
                self._read()
            else:
                self._read_of = version

        self._context.tasks.run(work, then, failed)

    def _show_details(self, found: RunDetails) -> None:
        self._found = found
        self.overview.show_details(found)
        self.details.show_details(found)
        self.files.show_files(file_rows(found.files))
        self._show_console(found)

    def _show_console(self, found: RunDetails) -> None:
        """The last lines are shown anew, since a progress bar may have written them anew."""
        first = found.console_lines - len(found.console)
        lines = [ConsoleLine(one.text, one.timestamp or None) for one in found.console]
        end = self._console_base + self.console.line_count
        if not self.console.line_count or end < first:
            self.console.clear()
            self._console_base = first
            self.console.append(lines)
            return
        start = max(first, end - REWRITTEN, self._console_base)
        self.console.replace_from(start - self._console_base, lines[start - first :])

    # -- what people do -----------------------------------------------------------------------------------------------

    def _open_file(self, name: str, folder: bool = False) -> None:
        if self._found is not None:
            path = Path(self._found.path) / "files" / name
            (self._context.show_in_folder if folder else self._context.open_file)(path)

    def _open_web(self) -> None:
        if self._run is not None:
            self._actions.open_web(self._run)

    def _menu(self, where: QPoint) -> None:
        if self._run is None:
            return
        menu = QMenu(self)
        fill_menu(menu, self._actions, [self._run], lambda run: None)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the list."""
        if event.key() == Qt.Key.Key_Escape:
            self._back()
        else:
            super().keyPressEvent(event)
