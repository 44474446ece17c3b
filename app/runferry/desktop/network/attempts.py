"""The last attempts to reach a server: time, outcome, how long it took. Shown in place, the newest on top."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from runferry.desktop.look import amounts
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network.telling import attempt_notes
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import tr
from runferry.status import Attempt

FEW = 3


class _Row:
    """One attempt; its widgets are kept and filled again."""

    def __init__(self, grid: QGridLayout, number: int) -> None:
        self.time = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        self.shape = Shape(size=14)
        self.outcome = Elided(size=Size.SMALL)
        self.took = Label(size=Size.SMALL, tone=Tone.SUBTLE)
        self.took.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.notes = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        for column, one in enumerate(self.widgets):
            grid.addWidget(one, number, column)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return self.time, self.shape, self.outcome, self.took, self.notes

    def fill(self, one: Attempt) -> None:
        """Show this attempt."""
        self.time.setText(amounts.clock(one.time))
        self.time.setToolTip(plain(amounts.exact(one.time)))
        said = tr("succeeded") if one.ok else tr("failed")
        self.shape.show_shape("check" if one.ok else "close", Tone.GOOD if one.ok else Tone.BAD, said)
        self.outcome.setText(one.outcome)
        self.took.setText("" if one.seconds is None else amounts.duration(one.seconds))
        self.notes.setText(attempt_notes(one))


class AttemptList(QWidget):
    """A few of them, or all."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 2)
        self._grid.setColumnMinimumWidth(3, 64)
        self._grid.setColumnStretch(4, 3)
        self._rows: list[_Row] = []
        self._shown: tuple[Attempt, ...] = ()
        self.setAccessibleName(tr("Last attempts"))
        self.hide()

    def show_attempts(self, attempts: tuple[Attempt, ...], everything: bool) -> None:
        """Newest first."""
        wanted = attempts if everything else attempts[:FEW]
        if wanted == self._shown:
            return
        self._shown = wanted
        while len(self._rows) < len(wanted):
            self._rows.append(_Row(self._grid, len(self._rows)))
        for number, row in enumerate(self._rows):
            for widget in row.widgets:
                widget.setVisible(number < len(wanted))
            if number < len(wanted):
                row.fill(wanted[number])
        self.setVisible(bool(wanted))
