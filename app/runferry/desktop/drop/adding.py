"""Opens the sheet that adds runs, wherever that was asked for: by a drop, a button or a menu."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from runferry.desktop.context import Context
from runferry.desktop.text import tr
from runferry.engine.places import Places, places
from runferry.errors import AppError

if TYPE_CHECKING:
    from runferry.desktop.drop.sheet import DropSheet


class Adding:
    """One per window. `add` may be called at any time on its thread."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        self._context = context
        self._parent = parent
        self._waiting: list[Path] = []
        self.dialog: QFileDialog | None = None
        self.sheet: DropSheet | None = None

    def add(self, paths: Sequence[Path]) -> None:
        """Show what lies there; without paths a folder is asked for first. What is dropped on the open sheet joins."""
        if not paths:
            self._ask()
        elif self.sheet is not None and self.sheet.is_choosing:
            self.sheet.look(paths)
        else:
            is_asked = bool(self._waiting)
            self._waiting += paths
            if not is_asked:
                engine = self._context.engine
                self._context.tasks.ask(lambda: places(engine), self._open, self._failed)

    def closed(self) -> None:
        """The sheet was closed, by whomever."""
        sheet, self.sheet = self.sheet, None
        if sheet is not None:
            sheet.stop()

    def _ask(self) -> None:
        if self.dialog is not None:
            self.dialog.raise_()
            return
        dialog = self.dialog = QFileDialog(self._parent, tr("Add a run folder, or one that holds runs"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setDirectory(self._context.memory.get("added-from", str(Path.home())))
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, tr("Look"))
        dialog.finished.connect(self._answered)
        dialog.open()

    def _answered(self, result: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        chosen = [Path(one) for one in dialog.selectedFiles()] if result else []
        dialog.deleteLater()
        if chosen:
            self._context.memory.keep("added-from", str(chosen[0].parent))
            self.add(chosen)

    def _failed(self, error: AppError) -> None:
        self._waiting = []
        self._context.shell.tell(error)

    def _open(self, known: Places) -> None:
        paths, self._waiting = self._waiting, []
        from runferry.desktop.drop.sheet import SIZE, DropSheet  # not needed to start

        sheet = DropSheet(self._context, known, self._context.shell.close_sheet)
        self._context.shell.sheet(tr("Sync runs"), sheet, *SIZE)
        self.sheet = sheet
        sheet.look(paths)
