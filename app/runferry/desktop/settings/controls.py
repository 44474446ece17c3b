"""The control of each kind of option: what shows its value, and what a person said in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from runferry.desktop.text import tr
from runferry.servers import CLOUD, LOCAL
from runferry.settings import Kind, Option

WIDEST = 360
_NARROW = 120

CHOICES = {
    "proxy": {
        "system": "As the system does",
        "environment": "From the environment's variables",
        "none": "None, always directly",
        "manual": "This one",
        "pac": "A PAC file",
    },
    "mode": {
        "auto": "Send, but for dry runs and directories that are off",
        "sync": "Send every run",
        "ask": "Only when I ask",
    },
    "log_level": {"debug": "Everything", "info": "Usual", "warning": "Warnings and errors", "error": "Errors only"},
}
"""How choices are called, by option; a choice that is not here is shown as it is."""

_SERVERS = (("", "Not chosen yet"), (LOCAL, "This computer"), (CLOUD, "W&B cloud"))


@dataclass(frozen=True)
class Control:
    """`said` gives a text that the option parses, or a value that it checks; `show` never counts as an edit."""

    widget: QWidget
    said: Callable[[], Any]
    show: Callable[[Any], None]
    on_edit: Callable[[Callable[[], None]], object]


def made_for(option: Option) -> Control:
    """The control of an option. KeyError for lists, which have panes of their own."""
    control = _MAKERS[option.kind](option)
    control.widget.setAccessibleName(tr(option.label))
    control.widget.setAccessibleDescription(tr(option.help))
    return control


def shown(option: Option, value: Any) -> str:
    """A value as text."""
    if option.kind is Kind.NAMES:
        return ", ".join(value)
    return f"{value:g}" if option.kind is Kind.NUMBER else str(value)


def _switch(option: Option) -> Control:
    box = QCheckBox(tr(option.label))
    return Control(box, box.isChecked, lambda value: box.setChecked(bool(value)), lambda do: box.clicked.connect(do))


def _line(option: Option) -> Control:
    line = QLineEdit()
    line.setMaximumWidth(_NARROW if option.kind in (Kind.WHOLE, Kind.NUMBER) else WIDEST)

    def show(value: Any) -> None:
        if line.text() != shown(option, value):
            line.setText(shown(option, value))

    return Control(line, line.text, show, lambda do: line.editingFinished.connect(do))


def _choice(option: Option) -> Control:
    box = QComboBox()
    titles = CHOICES.get(option.name, {})
    for one in option.choices:
        box.addItem(tr(titles.get(one, one)), one)
    box.setMaximumWidth(WIDEST)

    def show(value: Any) -> None:
        box.setCurrentIndex(box.findData(value))

    return Control(box, box.currentData, show, lambda do: box.activated.connect(do))


def _names(option: Option) -> Control:
    """A list, with commas."""
    line = QLineEdit()
    line.setMaximumWidth(WIDEST)

    def said() -> list[str]:
        return [one.strip() for one in line.text().split(",") if one.strip()]

    return Control(
        line, said, lambda value: line.setText(", ".join(value)), lambda do: line.editingFinished.connect(do)
    )


def _server(option: Option) -> Control:
    """The usual ones by name, and any address."""
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setMaximumWidth(WIDEST)
    titles = {value: tr(title) for value, title in _SERVERS}
    for value, title in titles.items():
        box.addItem(title, value)

    def said() -> str:
        text = box.currentText().strip()
        return next((value for value, title in titles.items() if title == text), text)

    def show(value: Any) -> None:
        box.setCurrentText(titles.get(value, value))

    def on_edit(do: Callable[[], None]) -> None:
        box.activated.connect(do)
        line = box.lineEdit()
        if line is not None:
            line.editingFinished.connect(do)

    return Control(box, said, show, on_edit)


_MAKERS: dict[Kind, Callable[[Option], Control]] = {
    Kind.SWITCH: _switch,
    Kind.WHOLE: _line,
    Kind.NUMBER: _line,
    Kind.TEXT: _line,
    Kind.URL: _line,
    Kind.CHOICE: _choice,
    Kind.SERVER: _server,
    Kind.NAMES: _names,
}

SIMPLE = frozenset(_MAKERS)
"""Kinds that a form can show."""
