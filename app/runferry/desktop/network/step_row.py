"""One step of a check: a tick or why there is none, how long it took, and the button that helps."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.look import amounts
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network.card import HELP
from runferry.desktop.network.telling import Help, help_of
from runferry.desktop.parts.buttons import Button, IconButton
from runferry.desktop.parts.labels import Label, Shape
from runferry.desktop.text import breakable, tr
from runferry.engine.doctor import Mark, Step

LOOKS = {
    Mark.GOOD: ("step-ok", Tone.GOOD, "good"),
    Mark.WARNING: ("warning", Tone.WARN, "works, with a warning"),
    Mark.BAD: ("step-fail", Tone.BAD, "failed"),
    Mark.SKIPPED: ("step-skip", Tone.SUBTLE, "not looked at"),
}
TITLES = {
    "trust": "Trusted certificates",
    "name": "Address",
    "proxy": "Proxy",
    "address": "Name lookup",
    "connection": "Connection",
    "TLS": "Encryption (TLS)",
    "W&B server": "It is a W&B server",
    "clock": "Clock",
    "key": "Key",
    "login": "Login",
    "write": "May write to the project",
    "upload": "Files arrive",
    "tidy up": "Tidied up",
    "keyring": "Keyring",
    "notifications": "Folder notifications",
    "disk": "Disk",
    "measuring": "Measuring this computer",
}
_FASTEST = 0.0005  # seconds; what took less is not told


class StepRow(QWidget):
    """Its lines (the chain of certificates, for instance) are open where something is wrong."""

    def __init__(self, step: Step, helped: Callable[[Help], None]) -> None:
        super().__init__()
        shape, tone, word = LOOKS[step.mark]
        name = tr(TITLES.get(step.name, step.name))
        self.setAccessibleName(f"{name}: {tr(word)}. {step.said}")
        self.lines = _lines(step)
        self.more = IconButton("expand", tr("Details of {step}", step=name), self._turn)
        took = amounts.duration(step.seconds) if step.seconds >= _FASTEST and step.mark is not Mark.SKIPPED else ""
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(Shape(shape, tone, 18, tr(word)))
        is_skipped = step.mark is Mark.SKIPPED
        shown = f"{name} — {step.said}" if is_skipped else name
        head.addWidget(Label(shown, bold=not is_skipped, tone=Tone.SUBTLE if is_skipped else Tone.TEXT))
        head.addStretch(1)
        head.addWidget(Label(took, Size.SMALL, Tone.SUBTLE))
        head.addWidget(self.more)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(head)
        below = QVBoxLayout()
        below.setContentsMargins(18 + GRID, 0, 0, 0)
        below.setSpacing(4)
        if not is_skipped:
            below.addWidget(Label(breakable(step.said), tone=_tone(step), wrap=True, selectable=True))
        if step.todo:
            below.addWidget(Label(breakable(step.todo), bold=True, wrap=True, selectable=True))
        below.addWidget(self.lines)
        self.help = _help(step, helped)
        if self.help is not None:
            below.addWidget(self.help, alignment=Qt.AlignmentFlag.AlignLeft)
        box.addLayout(below)
        policy = self.more.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # so that the times stand below each other
        self.more.setSizePolicy(policy)
        self.more.setVisible(bool(step.lines))
        self.lines.setVisible(bool(step.lines) and step.mark in (Mark.BAD, Mark.WARNING))

    def _turn(self) -> None:
        self.lines.setVisible(not self.lines.isVisibleTo(self))


def _lines(step: Step) -> Label:
    label = Label("\n".join(breakable(one) for one in step.lines), Size.SMALL, wrap=True, selectable=True)
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    fixed.setPointSizeF(label.font().pointSizeF())
    label.setFont(fixed)
    return label


def _help(step: Step, helped: Callable[[Help], None]) -> Button | None:
    kind = help_of(step.slug) if step.mark is Mark.BAD else None
    if kind is None:
        return None
    text, icon = HELP[kind]
    return Button(tr(text), lambda: helped(kind), icon)


def _tone(step: Step) -> Tone:
    return Tone.BAD if step.mark is Mark.BAD else Tone.SUBTLE
