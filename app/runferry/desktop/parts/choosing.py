"""Asking for files in the system's dialog without stopping the window: the answer comes when it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


def ask_files(
    parent: QWidget, title: str, then: Callable[[list[Path]], None], suffixes: Sequence[str] = (), many: bool = False
) -> QFileDialog:
    """Existing files; `then` is not called where nothing was chosen. suffixes: with their dots, offered first."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles if many else QFileDialog.FileMode.ExistingFile)
    if suffixes:
        dialog.setNameFilters([f"{title} ({' '.join(f'*{one}' for one in suffixes)})", "* (*)"])
    return _opened(dialog, then)


def ask_folder(parent: QWidget, title: str, then: Callable[[list[Path]], None], start: str = "") -> QFileDialog:
    """An existing folder."""
    dialog = QFileDialog(parent, title, start)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _opened(dialog, then)


def ask_new_file(parent: QWidget, title: str, then: Callable[[list[Path]], None], name: str) -> QFileDialog:
    """Where a file is to be written."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    return _opened(dialog, then)


def _opened(dialog: QFileDialog, then: Callable[[list[Path]], None]) -> QFileDialog:
    dialog.filesSelected.connect(lambda names: then([Path(one) for one in names]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
