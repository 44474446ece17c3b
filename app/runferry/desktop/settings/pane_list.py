"""The list of panes at the left of the settings, in the manner of the sidebar: arrow keys go from pane to pane."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, MARGIN
from runferry.desktop.sidebar import Entry, EntryButton
from runferry.desktop.text import tr

WIDTH = 160


class PaneList(QWidget):
    """Emits `chosen` with the name of a pane."""

    chosen = Signal(str)

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(tr("Settings"))
        self._buttons = {one.name: EntryButton(one) for one in entries}
        box = QVBoxLayout(self)
        box.setContentsMargins(GRID, MARGIN, GRID, MARGIN)
        box.setSpacing(2)
        for name, button in self._buttons.items():
            box.addWidget(button)
            button.chosen.connect(lambda name=name: self.chosen.emit(name))
        box.addStretch(1)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    @property
    def current(self) -> str:
        """The pane that is marked; empty for none."""
        return next((name for name, one in self._buttons.items() if one.isChecked()), "")

    def mark(self, name: str) -> None:
        """Mark the pane that is shown."""
        for one, button in self._buttons.items():
            button.mark(one == name)

    def take_focus(self) -> None:
        """The keyboard goes on from the marked pane."""
        if self.current:
            self._buttons[self.current].setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down choose."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        names = list(self._buttons)
        if step and self.current:
            name = names[(names.index(self.current) + step) % len(names)]
            self._buttons[name].setFocus(Qt.FocusReason.TabFocusReason)
            self.chosen.emit(name)
        else:
            super().keyPressEvent(event)
