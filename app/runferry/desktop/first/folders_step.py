"""Step 1: where runs lie. Folders that were found are offered, none is ticked unasked but where there is only one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from runferry.desktop.first.step import Step
from runferry.desktop.look import amounts, icons
from runferry.desktop.look.theme import Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.choosing import ask_folder
from runferry.desktop.parts.drop_target import DropTarget
from runferry.desktop.parts.labels import Label
from runferry.desktop.parts.tips import plain
from runferry.desktop.text import plural, tr
from runferry.engine.nearby import Nearby
from runferry.inert import inert

PATH = Qt.ItemDataRole.UserRole


class FoldersStep(Step):
    """`changed` when other folders are ticked."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(
            tr("Where do your runs live?"),
            tr(
                "Runferry carries training runs to a W&B server and never touches the training. Choose the folders "
                "that your trainings write into: new runs are synced, finished ones are listed and wait until you ask."
            ),
        )
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Folders"))
        self.list.setUniformItemSizes(True)
        self.note = Label(tr("Looking for runs…"), Size.SMALL, Tone.SUBTLE)
        self.list.hide()  # until there is something in it
        self.choose = Button(tr("Choose a folder…"), self._choose, "folder")
        self.box.addWidget(self.note)
        self.box.addWidget(self.list, 1)
        self._target = DropTarget(tr("Drop a folder here, or choose it."), self.add, self.choose)
        self.box.addWidget(self._target, 1)
        self.list.itemChanged.connect(lambda _: self.changed.emit())
        self.setFocusProxy(self.choose)

    def offer(self, found: list[Nearby]) -> None:
        """Folders in which runs were found."""
        for one in found:
            runs = plural(one.runs, "{n} run", "{n} runs")
            newest = tr("newest: {day}", day=amounts.exact(one.newest)[:10])
            self._put(one.path, f"{one.path}   ({runs}, {newest})", ticked=len(found) == 1)
        if found:
            self._to_the_list()
        none = tr("No runs were found nearby: choose the folder yourself, or go on without one.")
        self.note.setText(tr("Runs were found here:") if found else none)

    def add(self, paths: list[Path]) -> None:
        """Folders that a person chose or dropped."""
        for path in paths:
            if path.is_dir():
                self._put(str(path), str(path), ticked=True)
        if self.list.count():
            self._to_the_list()
        self.changed.emit()

    def chosen(self) -> list[Path]:
        """Those that are ticked."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [Path(one.data(PATH)) for one in items if one.checkState() is Qt.CheckState.Checked]

    def _put(self, path: str, text: str, ticked: bool) -> None:
        known = [self.list.item(row) for row in range(self.list.count())]
        item = next((one for one in known if one.data(PATH) == path), None)
        if item is None:
            item = QListWidgetItem(icons.icon("folder"), inert(text))
            item.setData(PATH, path)
            item.setToolTip(plain(path))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.list.addItem(item)
            self.list.show()
            self.box.setStretchFactor(self._target, 0)
        elif ticked:
            item.setCheckState(Qt.CheckState.Checked)

    def _to_the_list(self) -> None:
        """The focus goes on from the button that was all there was."""
        self.setFocusProxy(self.list)
        if self.list.currentRow() < 0:
            self.list.setCurrentRow(0)
        if self.choose.hasFocus():
            self.list.setFocus()

    def _choose(self) -> None:
        ask_folder(self, tr("A folder that trainings write into"), self.add)
