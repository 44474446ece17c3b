"""What a chart does about the part of its axis that is looked at: by mouse and by keys, and the way back.

Drag over a part to look at it alone; Shift and drag moves it; Ctrl and the wheel goes closer or wider; a double click
shows all of it. By keys: + and -, Shift and the arrows, 0. A button leads back while there is only a part.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolButton, QWidget

from runferry.desktop.run import zoom
from runferry.desktop.run.card import Card
from runferry.desktop.run.zoom import Range
from runferry.desktop.text import tr

if TYPE_CHECKING:
    from runferry.desktop.run.plot import Plot
    from runferry.desktop.run.scaling import Scaled


class Zooming(Card):
    """The part of a chart that is about this. Who makes a chart of it places `reset`, and draws in `show_part`."""

    zoomed = Signal(object)
    """Another part of the axis is looked at by the person here; None: all of it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._scaled: Scaled | None = None
        self._part: Range | None = None
        self.reset = QToolButton(autoRaise=True)
        self.reset.setText(tr("reset"))
        self.reset.setToolTip(tr("Show the whole curve (0, or double click)"))
        self.reset.setAccessibleName(tr("Show the whole curve of {name}", name=name))
        self.reset.clicked.connect(lambda: self._look_at(None))
        self.reset.hide()

    @property
    def part(self) -> Range | None:
        """The part of the axis that is looked at; None: all of it."""
        return self._part

    def show_part(self, part: Range | None) -> None:
        """Look at another part of the axis, or at all of it."""
        raise NotImplementedError

    def _follow_drags(self, plot: Plot) -> None:
        plot.pressed.connect(lambda: self.setFocus(Qt.FocusReason.MouseFocusReason))
        plot.whole_wanted.connect(lambda: self._look_at(None))
        plot.chosen.connect(self._choose)
        plot.widened.connect(lambda factor, part: self._zoom(factor, self._x_at(part)))
        plot.pushed.connect(lambda part: self._move(-part))

    def _look_at(self, part: Range | None) -> None:
        if part != self._part:
            self.show_part(part)
            self.zoomed.emit(part)

    def _x_at(self, part: float) -> float:
        low, high = self._scaled.x_range if self._scaled else (0.0, 1.0)
        return low + part * (high - low)

    def _choose(self, start: float, end: float) -> None:
        if self._scaled is not None:
            self._look_at(zoom.cut(self._scaled.whole, self._x_at(start), self._x_at(end)))

    def _zoom(self, factor: float, at: float) -> None:
        if self._scaled is not None:
            self._look_at(zoom.closer(self._scaled.whole, self._scaled.x_range, factor, at))

    def _move(self, by: float) -> None:
        if self._scaled is not None and self._part is not None:
            self._look_at(zoom.moved(self._scaled.whole, self._part, by))

    def _reveal(self, x: float | None) -> None:
        """Where this is beyond the part that is looked at, the part moves along."""
        if self._scaled is not None and self._part is not None and x is not None and math.isfinite(x):
            self._look_at(zoom.revealed(self._scaled.whole, self._part, x))

    def _takes(self, event: QKeyEvent, x: float | None) -> bool:
        """Whether the key was about the part that is looked at. x: of the crosshair."""
        key, sideways = Qt.Key(event.key()), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            at = self._x_at(0.5) if x is None or not math.isfinite(x) else x
            self._zoom(1 / zoom.STEP if key is Qt.Key.Key_Minus else zoom.STEP, at)
        elif key is Qt.Key.Key_0:
            self._look_at(None)
        elif sideways and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._move(zoom.MOVE if key is Qt.Key.Key_Right else -zoom.MOVE)
        else:
            return False
        return True
