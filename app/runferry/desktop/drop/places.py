"""The lists from which a server, a team or a project is chosen; for one run in the table, or for all below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from runferry.desktop.drop.model import PROJECT, SERVER
from runferry.desktop.parts.tips import plain
from runferry.desktop.summary import server_name
from runferry.desktop.text import tr
from runferry.engine.places import Places, ServerPlace
from runferry.names import LONGEST

Choice = tuple[str, str]
"""What is shown, and the value."""

UNCATEGORIZED = "uncategorized"  # what servers call the project of runs that name none


def choices(places: Places, column: int, server: str) -> list[Choice]:
    """What can be chosen in a column for a run that goes to `server`."""
    if column == SERVER:
        return [(_server_text(one), one.server) for one in places.servers]
    used = next((one for one in places.servers if one.server == server), None)
    names = list(used.projects if column == PROJECT else used.teams) if used else []
    default = places.project if column == PROJECT else places.entity
    names += [one for one in (default, UNCATEGORIZED if column == PROJECT else "") if one and one not in names]
    return [(one, one) for one in names]


def _server_text(one: ServerPlace) -> str:
    name = tr("W&B cloud") if one.is_cloud else server_name(one.server)
    return name if one.is_usable else tr("{server} (no key yet)", server=name)


def fill(box: QComboBox, entries: list[Choice], column: int) -> None:
    """Put them into a list; teams and projects can be typed too."""
    box.setEditable(column != SERVER)
    for text, value in entries:
        box.addItem(text, value)
        box.setItemData(box.count() - 1, plain(value), Qt.ItemDataRole.ToolTipRole)
    field = box.lineEdit()
    if field is not None:
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        field.setMaxLength(LONGEST)
