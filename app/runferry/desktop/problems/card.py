"""One problem: what happened, where, what to do, and the button that does it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button, IconButton
from runferry.desktop.parts.flow import Flow
from runferry.desktop.parts.labels import Elided, Label, Shape
from runferry.desktop.parts.panel import Panel
from runferry.desktop.problems.fixing import Fixing
from runferry.desktop.problems.groups import Group, shortened
from runferry.desktop.text import breakable, tr
from runferry.status import About, Fix

_SHOW = {About.SERVER: "Show in Network", About.FOLDER: "Folder settings…", About.RUN: "Show the run"}


class ProblemCard(Panel):
    """Updated in place with `show_group`."""

    def __init__(self, group: Group, fixing: Fixing) -> None:
        super().__init__()
        self.group = group
        self._fixing = fixing
        self._shape = Shape("state-problem", Tone.BAD, 24, tr("Problem"))
        self.title = Label(bold=True, wrap=True, selectable=True)
        self.where = Elided(size=Size.SMALL, tone=Tone.SUBTLE)
        self.message = Label(wrap=True, selectable=True)
        self.todo = Label(wrap=True, selectable=True, bold=True)
        self.fix = Button("", lambda: fixing.fix(self.group))
        self.folder = Button(tr("Open folder"), lambda: fixing.open_folder(self.group), "open-folder")
        self.stop = Button(tr("Stop syncing"), lambda: fixing.stop(self.group), "pause")
        self.show_it = Button("", lambda: fixing.show(self.group), "eye")
        self.copy = IconButton("copy", tr("Copy"), lambda: fixing.copy(self.group), Tone.SUBTLE)
        self._build()
        self.show_group(group)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID + 4)
        head.addWidget(self._shape, alignment=Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addWidget(self.title)
        texts.addWidget(self.where)
        texts.addSpacing(2)
        texts.addWidget(self.message)
        texts.addWidget(self.todo)
        texts.addSpacing(4)
        texts.addLayout(Flow().add(self.fix, self.show_it, self.folder, self.stop))
        head.addLayout(texts, 1)
        head.addWidget(self.copy, alignment=Qt.AlignmentFlag.AlignTop)
        self.box.addLayout(head)

    def show_group(self, group: Group) -> None:
        """As it is now."""
        self.group = group
        one = group.first
        texts = ((self.title, group.title), (self.message, breakable(shortened(one.message))))
        for label, text in (*texts, (self.todo, breakable(one.todo)), (self.where, group.where)):
            if label.text() != text:
                label.setText(text)
        self.where.setVisible(bool(group.where))
        self.message.setVisible(bool(one.message))
        self.todo.setVisible(bool(one.todo))
        self.fix.show_as(*group.fix_words)
        is_gone = one.about is About.FOLDER and one.fix is Fix.OPEN_FOLDER  # nobody can open what is not there
        self.fix.setVisible(not is_gone)
        self.folder.setVisible(group.about_runs and len(group.problems) == 1 and one.fix is not Fix.OPEN_FOLDER)
        self.stop.setVisible(group.about_runs)
        self.show_it.setVisible(one.about in _SHOW)
        number = len(group.problems)
        self.show_it.setText(tr(_SHOW.get(one.about, "")) if number == 1 else tr("Show the runs"))
        for button in (self.fix, self.folder, self.stop, self.show_it):
            button.setAccessibleName(f"{button.text()}: {group.title}")
        self.setAccessibleName(f"{group.title}. {group.where}")
