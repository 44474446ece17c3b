"""*Check connection*: the way to a server walked step by step while one looks, with what helps where it ends.

The steps are taken on a task's thread; leaving the sheet ends the walk after the step in hand.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.context import Context
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network.step_row import StepRow
from runferry.desktop.network.telling import Help, title
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label, Line, Shape
from runferry.desktop.parts.panel import Scroll
from runferry.desktop.text import breakable, plural, tr
from runferry.engine.doctor import Mark, Step, walk
from runferry.errors import AppError


class Walk(QObject):
    """One walk. `taken` comes on the window's thread."""

    taken = Signal(object)  # Step

    def __init__(self, context: Context, url: str) -> None:
        super().__init__()
        self._context, self._url = context, url
        self._stopping = threading.Event()

    def start(self, over: Callable[[AppError | None], None]) -> None:
        """Begin; `over` is told when it is done, or why it could not be."""
        self._context.tasks.ask(self._walk, lambda _: over(None), over)

    def stop(self) -> None:
        """No further step; what was made on the server is deleted."""
        self._stopping.set()

    def _walk(self) -> None:
        with contextlib.closing(walk(self._context.engine, self._url)) as steps:
            for step in steps:
                if self._stopping.is_set():
                    return
                self.taken.emit(step)


class CheckView(QWidget):
    """The body of the sheet. `helped`: leads to where the problem of a step is put right."""

    def __init__(self, context: Context, url: str, helped: Callable[[Help], None]) -> None:
        super().__init__()
        self._context, self._url, self._helped = context, url, helped
        self._walk: Walk | None = None
        self.steps: list[Step] = []
        self.rows: list[StepRow] = []
        self.verdict = Label(bold=True, wrap=True)
        self._shape = Shape(size=20)
        self._area = Scroll(tr("Steps"), margin=0, spacing=10)
        self._area.column.addStretch(1)
        self.again = Button(tr("Check again"), self.start, "retry")
        self._copy = Button(tr("Copy report"), self._copy_report, "copy")
        said = tr("A test run is made on the server, with one small file, and deleted again.")
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self._shape)
        head.addWidget(self.verdict, 1)
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        foot.addWidget(self.again)
        foot.addWidget(self._copy)
        foot.addStretch(1)
        foot.addWidget(Button(tr("Close"), context.shell.close_sheet))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addLayout(head)
        box.addWidget(Label(said, Size.SMALL, Tone.SUBTLE, wrap=True))
        box.addWidget(self._area, 1)
        box.addWidget(Line())
        box.addLayout(foot)

    @property
    def is_walking(self) -> bool:
        """Whether steps are still to come."""
        return self._walk is not None

    def start(self) -> None:
        """From the front."""
        if self._walk is not None:
            return
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.steps, self.rows = [], []
        self._walk = made = Walk(self._context, self._url)
        made.taken.connect(self.show_step, Qt.ConnectionType.QueuedConnection)
        self.again.setEnabled(False)
        self._say(tr("Looking …"), "step-run", Tone.ACCENT)
        made.start(lambda error: self._over(made, error))

    def stop(self) -> None:
        """Nobody looks any more."""
        if self._walk is not None:
            self._walk.stop()

    def show_step(self, step: Step) -> None:
        """One more."""
        self.steps.append(step)
        row = StepRow(step, self._helped)
        self.rows.append(row)
        self._area.column.insertWidget(len(self.rows) - 1, row)

    def _over(self, made: Walk, error: AppError | None) -> None:
        if self._walk is not made:
            return
        self._walk = None
        self.again.setEnabled(True)
        bad = [one for one in self.steps if one.mark is Mark.BAD]
        warned = sum(one.mark is Mark.WARNING for one in self.steps)
        if error is not None:
            self._say(f"{error.title}. {error.message} {error.todo}", "step-fail", Tone.BAD)
        elif bad:
            self._say(bad[0].said, "step-fail", Tone.BAD)
        elif warned:
            said = plural(warned, "It works, with {n} warning", "It works, with {n} warnings")
            self._say(said, "warning", Tone.WARN)
        else:
            self._say(tr("Everything works"), "step-ok", Tone.GOOD)

    def _say(self, text: str, shape: str, tone: Tone) -> None:
        self.verdict.setText(breakable(text))
        self._shape.show_shape(shape, tone, text)

    def _copy_report(self) -> None:
        QApplication.clipboard().setText(report(self._url, self.steps))
        self._context.shell.toast(tr("Copied"))

    def hideEvent(self, event: QHideEvent) -> None:
        """The sheet was closed, or the window."""
        self.stop()
        super().hideEvent(event)


def report(url: str, steps: list[Step]) -> str:
    """All of it as text, to be sent to somebody; keys are never part of a step."""
    lines = [f"Runferry: check of {title(url)} ({url})"]
    for one in steps:
        lines.append(f"[{one.mark}] {one.name}: {one.said} ({one.seconds:.2f} s)")
        lines += [f"    {line}" for line in one.lines]
        if one.todo:
            lines.append(f"    -> {one.todo}")
    return "\n".join(lines) + "\n"
