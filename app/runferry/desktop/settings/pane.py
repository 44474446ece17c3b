"""One pane of the settings: a title, and groups below each other. Forms are made from the options of a section."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from runferry.desktop.bridge import Update
from runferry.desktop.context import Context
from runferry.desktop.look.theme import HEAD, MARGIN, Size, Tone
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.panel import Panel, Scroll
from runferry.desktop.settings.controls import SIMPLE
from runferry.desktop.settings.desk import Desk
from runferry.desktop.settings.field import Field
from runferry.desktop.text import tr
from runferry.settings import OPTIONS, Option


def options_in(*sections: str) -> tuple[Option, ...]:
    """The options of these sections that a form can show, in the order of their declaration."""
    return tuple(one for one in OPTIONS.values() if one.section in sections and one.kind in SIMPLE)


@dataclass(frozen=True)
class PaneKind:
    """One pane. `sections`: of the options that it shows as a form."""

    name: str
    title: str
    icon: str
    make: Callable[[Context, Desk, PaneKind], Pane]
    sections: tuple[str, ...]


class Pane(Scroll):
    """Panes that are not shown are told of changes too: what they do with them must be cheap."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind) -> None:
        super().__init__(tr(kind.title), spacing=12)
        self.context, self.desk, self.kind = context, desk, kind
        self.fields: dict[str, Field] = {}
        title = Label(tr(kind.title), Size.TITLE, bold=True)
        title.setMinimumHeight(HEAD)
        self.column.addWidget(title)
        self.column.addStretch(1)

    # -- filling ------------------------------------------------------------------------------------------------------

    def put(self, widget: QWidget) -> None:
        """Append a group."""
        self.column.insertWidget(self.column.count() - 1, widget)

    def heading(self, text: str, below: str = "") -> None:
        """A line over what follows."""
        if text:
            label = Label(text, bold=True)
            label.setContentsMargins(0, MARGIN // 2, 0, 0)
            self.put(label)
        if below:
            self.put(Label(below, tone=Tone.SUBTLE, wrap=True))

    def form(self, options: Iterable[Option]) -> None:
        """A group of fields."""
        panel = Panel(MARGIN)
        for option in options:
            field = self.fields[option.name] = Field(option, self.desk)
            panel.box.addWidget(field)
        if panel.box.count():
            self.put(panel)

    # -- what comes in ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Settings changed, here or elsewhere."""
        for field in self.fields.values():
            field.refresh()

    def take(self, update: Update) -> None:
        """Something else changed."""

    def tick(self, now: float) -> None:
        """Once a second while it is shown. now: seconds since the epoch."""

    def open(self, subject: str) -> None:
        """It was chosen; `subject`: what is to be shown of it, a server for instance."""


class FormPane(Pane):
    """A pane that is a form and nothing else."""

    def __init__(self, context: Context, desk: Desk, kind: PaneKind, hint: str) -> None:
        super().__init__(context, desk, kind)
        if hint:
            self.put(Label(tr(hint), tone=Tone.SUBTLE, wrap=True))
        self.form(options_in(*kind.sections))
