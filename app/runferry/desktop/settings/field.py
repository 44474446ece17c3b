"""One option on a settings pane: its control, unit and help, why an input is not taken, and who locked it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.look import amounts
from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import IconButton
from runferry.desktop.parts.labels import Label, Shape
from runferry.desktop.settings.controls import made_for, shown
from runferry.desktop.text import breakable, tr
from runferry.errors import AppError
from runferry.settings import Kind, Option


class Place(Protocol):
    """Where the value of a field is kept: the settings, or those of one folder."""

    def value(self, option: Option) -> Any:
        """The one in force."""

    def locked_by(self, option: Option) -> str:
        """The variable that sets it; empty where none does."""

    def keep(self, option: Option, value: Any, failed: Callable[[AppError], None]) -> None:
        """Save another one; `failed` is told why it was not taken."""


class Field(QWidget):
    """Saves what was said as soon as it is said, or tells at once why it cannot be used."""

    def __init__(self, option: Option, place: Place) -> None:
        super().__init__()
        self.option, self._place = option, place
        self.control = made_for(option)
        self.also_check: Callable[[str], None] | None = None  # raises AppError for a text that is not to be saved
        self._reset = IconButton("undo", tr("Back to the default: {value}", value=_default(option)), self._to_default)
        self._unit = Label(tone=Tone.SUBTLE)
        self.error = Label(tone=Tone.BAD, wrap=True)
        self._error_shape = Shape("warning", Tone.BAD, 16, tr("Cannot be used"))
        self.lock = Label(size=Size.SMALL, tone=Tone.WARN, wrap=True)
        self._lock_shape = Shape("lock", Tone.WARN, 14, tr("Locked"))
        self._build()
        self.control.on_edit(self._edited)
        self._say("")
        self.refresh()

    def _build(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        if self.option.kind is not Kind.SWITCH:
            label = Label(tr(self.option.label))
            label.setBuddy(self.control.widget)
            box.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.control.widget, 1)
        row.addWidget(self._unit)
        row.addWidget(self._reset)
        row.addStretch(0 if self.option.kind in (Kind.TEXT, Kind.URL, Kind.SERVER, Kind.CHOICE, Kind.NAMES) else 1)
        box.addLayout(row)
        box.addLayout(_line(self._error_shape, self.error))
        if said := help_of(self.option):
            box.addWidget(Label(said, Size.SMALL, Tone.SUBTLE, wrap=True))
        box.addLayout(_line(self._lock_shape, self.lock))

    # -- what is in force ---------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the value in force; an input that could not be used stays until it is corrected."""
        value = self._place.value(self.option)
        if self.error.text():
            return
        if not self._is_being_edited():
            self.control.show(value)
        self._unit.setText(_unit(self.option, value))
        self._unit.setVisible(bool(self._unit.text()))
        variable = self._place.locked_by(self.option)
        locked = bool(variable)
        self.lock.setText(tr("Set by the variable {name}; unset it to change this here.", name=variable))
        for one in (self.lock, self._lock_shape):
            one.setVisible(locked)
        self.control.widget.setEnabled(not locked)
        self._reset.setVisible(not locked and value != self.option.default and self.option.kind is not Kind.SWITCH)

    def _is_being_edited(self) -> bool:
        widget = self.control.widget
        return widget.hasFocus() and bool(getattr(widget, "isModified", lambda: False)())

    # -- what a person says -------------------------------------------------------------------------------------------

    def _edited(self) -> None:
        said = self.control.said()
        try:
            value = self.option.parse(said) if isinstance(said, str) else self.option.check(said)
        except ValueError as error:
            self._say(f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return
        try:
            if self.also_check is not None and value:
                self.also_check(value)
        except AppError as error:
            self._say(f"{error.title}. {error.message} {error.todo}")
            return
        self._say("")
        if value != self._place.value(self.option):
            self._place.keep(self.option, value, self._refused)
        else:
            self.control.show(value)

    def _to_default(self) -> None:
        self._say("")
        self.control.show(self.option.default)
        self._place.keep(self.option, self.option.default, self._refused)

    def _refused(self, error: AppError) -> None:
        self._say(f"{error.message} {error.todo}")

    def _say(self, text: str) -> None:
        self.error.setText(breakable(text))
        self.error.setVisible(bool(text))
        self._error_shape.setVisible(bool(text))
        self.control.widget.setAccessibleDescription(text or tr(self.option.help))


def help_of(option: Option) -> str:
    """What it is for, and what is possible."""
    low, high, unit = option.minimum, option.maximum, f" {option.unit}" if option.unit not in ("", "bytes") else ""
    if low is None or high is None:
        return tr(option.help)
    if option.unit == "bytes":
        return f"{tr(option.help)} {tr('{low} to {high}.', low=amounts.size(low), high=amounts.size(high))}"
    return f"{tr(option.help)} {tr('{low} to {high}{unit}.', low=f'{low:g}', high=f'{high:g}', unit=unit)}"


def _unit(option: Option, value: object) -> str:
    if option.unit.startswith("bytes") and isinstance(value, int):
        return f"{option.unit} ({amounts.size(value)})" if value else option.unit
    return option.unit


def _default(option: Option) -> str:
    return shown(option, option.default) or tr("empty")


def _line(shape: Shape, label: Label) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    row.addWidget(shape)
    row.addWidget(label, 1)
    return row
