"""The sheet: choosing first, then how it goes. One widget, so that the card around it stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QStackedLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.drop import words
from runferry.desktop.drop.choose import Choose
from runferry.desktop.drop.progress import Progress
from runferry.desktop.drop.sending import begin
from runferry.desktop.text import plural
from runferry.engine.job import SyncRequest
from runferry.engine.places import Places
from runferry.errors import AppError
from runferry.status import RunStatus

SIZE = (920, 640)


class DropSheet(QWidget):
    """Made on the window's thread; `stop` before it goes."""

    def __init__(self, context: Context, places: Places, close: Callable[[], None]) -> None:
        super().__init__()
        self._context = context
        self._is_gone = False
        self._close = close
        self.choose = Choose(context, places, self.send, close)
        self.progress: Progress | None = None
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.choose)
        self.setFocusProxy(self.choose)

    @property
    def is_choosing(self) -> bool:
        """Whether more may be dropped into it."""
        return self.progress is None

    @property
    def holds_work(self) -> bool:
        """What was dropped, and where it is to go. What was handed over goes on without the sheet."""
        return self.is_choosing

    def look(self, paths: Sequence[Path]) -> None:
        """Look through these too."""
        self.choose.look(paths)

    def stop(self) -> None:
        """The sheet goes; what was handed over goes on."""
        self.choose.stop()
        if self.progress is not None and not self.progress.is_over and not self._is_gone:
            number = self.progress.model.rowCount()
            if number:
                self._context.shell.toast(plural(number, "Syncing {n} run", "Syncing {n} runs"))
        self._is_gone = True

    def send(self, wanted: list[SyncRequest]) -> None:
        """Hand over what was decided, and show how it goes."""
        self.progress = Progress(self._context, self._close, words.names_of(self.choose.model.runs))
        self._stack.addWidget(self.progress)
        self._stack.setCurrentWidget(self.progress)
        self.setFocusProxy(self.progress)
        engine = self._context.engine
        self._context.tasks.run(lambda: begin(engine, wanted), self._begun, self._failed)

    def _begun(self, statuses: list[RunStatus]) -> None:
        if not self._is_gone and self.progress is not None:
            self.progress.begin(statuses)

    def _failed(self, error: AppError) -> None:
        if not self._is_gone:
            self._close()
        self._context.shell.tell(error)
