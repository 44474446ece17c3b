"""The window with an engine that watches and sends nothing, fed by hand: what is drawn is what was told to it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import runs
import scenes
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal
from PySide6.QtGui import QColor, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QLabel

from runferry.desktop.bridge import Bridge, Update
from runferry.desktop.context import Context
from runferry.desktop.launch import application
from runferry.desktop.memory import Memory
from runferry.desktop.pages import makers
from runferry.desktop.tasks import Tasks
from runferry.desktop.text import breakable
from runferry.desktop.window import Window
from runferry.engine.details import run_details
from runferry.engine.engine import Engine
from runferry.paths import Home
from runferry.settings import Folder, Settings
from runferry.status import RunStatus

PATIENCE = 20.0


class FedBridge(QObject):
    """Knows the runs of the scene that is on."""

    updated = Signal(object)  # Update; never by itself

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, RunStatus] = {}

    def look_again(self) -> None:
        """There is nothing more to see."""


class Stage:
    """`scene` feeds the window, `picture` waits until it is quiet and takes it."""

    def __init__(self, base: Path, dark: bool) -> None:
        self._base = str(base)
        self.application: QApplication = application(["runferry"])
        if dark:
            self.application.setPalette(_dark())
        home = Home(base / "config", base / "data", base / "logs", base / "store")
        known = Settings.load(home.settings_file, {}).changed(
            server=scenes.COMPANY,
            local_server_port=_free_port(),
            folders=(Folder(scenes.HOME, added=1.0), Folder("/mnt/scratch/ada", "local", min_steps=10)),
        )
        self.engine = Engine(home, known, {}).start()
        self.window = Window(Memory(None))
        self.tasks, self.bridge = Tasks(self.window), FedBridge()
        self.tasks.start()
        self.context = Context(self.engine, cast(Bridge, self.bridge), self.tasks, Memory(None), self.window)
        self.window.set_pages(makers(self.context))
        self.run_folder = runs.record(base)
        self.window.bring_up()

    def stop(self) -> None:
        """Take it down."""
        self.window.leave()
        self.tasks.stop()
        self.engine.stop()

    def scene(self, update: Update, page: str, subject: str = "", size: tuple[int, int] = (1000, 680)) -> None:
        """Show a page with these runs and servers."""
        self.window.close_sheet()
        gone = tuple(key for key in self.bridge.runs if key not in {one.key for one in update.runs})
        self.bridge.runs = {one.key: one for one in update.runs}
        self.window.resize(*size)
        self.window.take(replace(update, gone=gone))
        self.window.go(page, subject)

    def open_run(self, update: Update) -> Any:
        """The page of the first run, with what was recorded in place of its log; gives the page."""
        first = replace(update.runs[0], path=str(self.run_folder))
        self.scene(replace(update, runs=(first, *update.runs[1:])), "runs", first.key)
        page: Any = cast(Any, self.window.page("runs"))._run_page
        self.until(lambda: page._found is not None)
        found = run_details(self.engine, str(self.run_folder))
        shown = f"{scenes.HOME}/imagenet/wandb/{self.run_folder.name}"
        log = f"{shown}/{Path(found.log).name}"
        page._show_details(replace(found, path=shown, log=log, metadata=runs.METADATA))
        return page

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window work until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("the picture did not become ready")
            self._turn(20)

    def picture(self) -> QPixmap:
        """The window, once nothing is under way."""
        self.until(lambda: self.tasks.open == 0)
        self._turn(250)  # what is drawn a little later: charts, delayed layouts
        self.until(lambda: self.tasks.open == 0)
        focused = QApplication.focusWidget()
        if focused is not None:
            focused.clearFocus()
        for label in self.window.findChildren(QLabel):  # where this machine keeps it is nobody's business
            text = label.text().replace("\u200b", "")
            if self._base in text:
                label.setText(breakable(text.replace(self._base, "/home/ada/.local/share/runferry")))
        return self.window.grab()

    def _turn(self, milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()


def _dark() -> QPalette:
    """As Fusion has it on a dark desktop; this platform has no desktop to take it from."""
    role, found = QPalette.ColorRole, QPalette(QColor(50, 50, 50))
    text, base = QColor(240, 240, 240), QColor(30, 31, 33)
    for one, colour in (
        (role.Window, QColor(40, 41, 44)),
        (role.Base, base),
        (role.AlternateBase, QColor(36, 37, 40)),
        (role.Button, QColor(58, 60, 64)),
        (role.ToolTipBase, base),
        (role.Highlight, QColor(48, 110, 190)),
        (role.Accent, QColor(48, 110, 190)),
    ):
        found.setColor(one, colour)
    for one in (role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.HighlightedText):
        found.setColor(one, text)
        found.setColor(QPalette.ColorGroup.Disabled, one, QColor(130, 132, 136))
    found.setColor(role.PlaceholderText, QColor(160, 163, 168))
    return found


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
